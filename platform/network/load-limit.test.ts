import { expect, test } from "@jest/globals";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { LoadLimit, LoadLimits } from "./load-limit.ts";

test("calls beyond the limit are refused at once, until one has succeeded or failed", async () => {
  const limit = new LoadLimit(2);
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const running = [limit.run(() => first.promise), limit.run(() => second.promise)];
  await expect(limit.run(async () => "third")).rejects.toMatchObject({
    reason: "UNAVAILABLE",
    retryAfterMs: 1000,
  });
  first.resolve("done");
  second.reject(new Error("failed"));
  expect((await Promise.allSettled(running)).map((result) => result.status)).toEqual([
    "fulfilled",
    "rejected",
  ]);
  expect(await limit.run(async () => "fourth")).toBe("fourth");
});

const methodOf = (owner: string, rate = RateClass.READ, name = "Any"): Method =>
  ({ owner, path: `/${owner}/${name}/${rate}`, rules: { rate } }) as Method;
const REFUSED = expect.objectContaining({ reason: "UNAVAILABLE" });

test("each service has a limit of its own", async () => {
  const limits = new LoadLimits(1);
  const slow = Promise.withResolvers<void>();
  const running = limits.of(methodOf("billing")).run(() => slow.promise);
  expect(() => limits.of(methodOf("billing")).assertRoom()).toThrow(REFUSED);
  limits.of(methodOf("scheduling")).assertRoom();
  slow.resolve();
  await running;
  limits.of(methodOf("billing")).assertRoom();
});

test("one search method has a sixteenth of its service's limit, as far as other calls leave it", async () => {
  const limits = new LoadLimits(32);
  const slow = Promise.withResolvers<void>();
  const searches = limits.of(methodOf("scheduling", RateClass.SEARCH));
  const others = limits.of(methodOf("scheduling"));
  const running = [1, 2].map((i) => searches.run(() => slow.promise, `${i}`));
  await expect(searches.run(async () => "third", "3")).rejects.toEqual(REFUSED);
  limits.of(methodOf("scheduling", RateClass.SEARCH, "Other")).assertRoom();
  for (let i = 0; i < 30; i++) running.push(others.run(() => slow.promise, `${i}`));
  expect(() => others.assertRoom("another")).toThrow(REFUSED);
  slow.resolve();
  await Promise.all(running);
  const all = Promise.withResolvers<void>();
  const everyPlace = Array.from({ length: 32 }, (_, i) => others.run(() => all.promise, `${i}`));
  expect(() => searches.assertRoom("another")).toThrow(REFUSED);
  all.resolve();
  await Promise.all(everyPlace);
  searches.assertRoom();
});

test.each([
  ["searches", RateClass.SEARCH, 16],
  ["other requests", RateClass.READ, 256],
])(
  "the last quarter of the places for %s is reserved for networks with fewer than two",
  async (_, rate, places) => {
    const room = new LoadLimits(256).of(methodOf("scheduling", rate));
    const slow = Promise.withResolvers<void>();
    const running: Promise<void>[] = [];
    const take = (network: string) => running.push(room.run(() => slow.promise, network));
    for (let i = 0; i < (places * 3) / 4; i++) take("greedy");
    expect(() => room.assertRoom("greedy")).toThrow(REFUSED);
    for (let i = 0; i < places / 8; i++) {
      take(`network ${i}`);
      take(`network ${i}`);
      expect(() => room.assertRoom(`network ${i}`)).toThrow(REFUSED);
    }
    expect(() => room.assertRoom("late")).toThrow(REFUSED);
    slow.resolve();
    await Promise.all(running);
    room.assertRoom("greedy");
  },
);
