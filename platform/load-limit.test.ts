import { expect, test } from "@jest/globals";
import { LoadLimit, LoadLimits } from "./load-limit.ts";

test("work beyond the limit is refused at once, and let in again when some has ended, well or not", async () => {
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

test("each has a limit of its own", async () => {
  const limits = new LoadLimits(1);
  const slow = Promise.withResolvers<void>();
  const running = limits.of("billing").run(() => slow.promise);
  expect(() => limits.of("billing").assertRoom()).toThrow(expect.objectContaining({ reason: "UNAVAILABLE" }));
  limits.of("scheduling").assertRoom();
  slow.resolve();
  await running;
  limits.of("billing").assertRoom();
});
