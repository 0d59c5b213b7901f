import { expect, test } from "@jest/globals";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { activeBorrower, INTERNAL, withBorrower } from "../db/borrower.ts";
import { cached } from "./cached.ts";

let nowMs: number;
const clock = { now: () => new Date(nowMs) };

function counting(failsAt?: number) {
  let reads = 0;
  const read = async () => {
    reads += 1;
    if (reads === failsAt) throw new Error("away");
    return reads;
  };
  nowMs = Date.UTC(2030, 0, 1);
  return { ask: cached(clock, 15_000, read), reads: () => reads };
}

test("fifty callers share one read", async () => {
  const { ask, reads } = counting();
  expect(new Set(await Promise.all(Array.from({ length: 50 }, ask)))).toEqual(new Set([1]));
  expect(reads()).toBe(1);
});

test.each([
  ["just before its end", 14_999, 1],
  ["at its end", 15_000, 2],
  ["with a clock that was set back", -1, 2],
])("a value is read again after its TTL: %s", async (_case, afterMs, expected) => {
  const { ask } = counting();
  await ask();
  nowMs += afterMs;
  expect(await ask()).toBe(expected);
});

test("a read is independent of the first call's cancellation and its turns", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const borrower = { key: "ip:192.0.2.1", isBounded: true, signal: AbortSignal.abort() };
  const asCaller = <T>(work: () => T) => context.with(withBorrower(ROOT_CONTEXT, borrower), work);
  const later = Promise.withResolvers<void>();
  const ask = cached(clock, 15_000, async () => {
    const atOnce = activeBorrower();
    await later.promise;
    return [atOnce, activeBorrower()];
  });
  const asked = asCaller(ask);
  later.resolve();
  expect(await asked).toEqual([INTERNAL, INTERNAL]);
  expect(asCaller(activeBorrower)).toBe(borrower);
  context.disable();
});

test("a failure reaches all waiting callers and is not cached", async () => {
  const { ask } = counting(1);
  const failures = [ask(), ask()].map((asked) => expect(asked).rejects.toThrow("away"));
  await Promise.all(failures);
  expect(await ask()).toBe(2);
});
