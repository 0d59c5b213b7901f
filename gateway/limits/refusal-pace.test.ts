import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { RefusalPace } from "./refusal-pace.ts";

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

test("a burst of refusals is spread over 250 ms, whatever its size", async () => {
  const pace = new RefusalPace();
  const leftAtMs: number[] = [];
  const startedAtMs = Date.now();
  for (let i = 0; i < 1000; i++) void pace.wait().then(() => leftAtMs.push(Date.now() - startedAtMs));
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(4 * 101);
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(4 * 201);
  await jest.advanceTimersByTimeAsync(49);
  expect(leftAtMs.length).toBe(1000);
});

test("a single refusal, also after a burst, waits at most a millisecond", async () => {
  const pace = new RefusalPace();
  const burst = Array.from({ length: 100 }, () => pace.wait());
  await jest.advanceTimersByTimeAsync(100);
  await Promise.all(burst);
  const startedAtMs = Date.now();
  const alone = pace.wait();
  await jest.advanceTimersByTimeAsync(1);
  await alone;
  expect(Date.now() - startedAtMs).toBeLessThanOrEqual(1);
});
