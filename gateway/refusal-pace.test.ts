import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { RefusalPace } from "./refusal-pace.ts";

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

test("refusals of a burst leave a millisecond apart, and none waits longer than a quarter of a second", async () => {
  const pace = new RefusalPace();
  const leftAtMs: number[] = [];
  const begin = Date.now();
  for (let i = 0; i < 400; i++) void pace.wait().then(() => leftAtMs.push(Date.now() - begin));
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(101);
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(201);
  await jest.advanceTimersByTimeAsync(50);
  expect(leftAtMs.length).toBe(400);
  expect(leftAtMs.at(-1)).toBe(250);
});

test("a refusal alone, or after a burst has left, waits for nobody", async () => {
  const pace = new RefusalPace();
  const burst = Array.from({ length: 100 }, () => pace.wait());
  await jest.advanceTimersByTimeAsync(100);
  await Promise.all(burst);
  const begin = Date.now();
  const alone = pace.wait();
  await jest.advanceTimersByTimeAsync(1);
  await alone;
  expect(Date.now() - begin).toBeLessThanOrEqual(1);
});
