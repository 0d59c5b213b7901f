import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { RefusalPace } from "./refusal-pace.ts";

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

test("refusals of a burst leave spread over a quarter of a second, however many they are", async () => {
  const pace = new RefusalPace();
  const leftAtMs: number[] = [];
  const begin = Date.now();
  for (let i = 0; i < 1000; i++) void pace.wait().then(() => leftAtMs.push(Date.now() - begin));
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(4 * 101);
  await jest.advanceTimersByTimeAsync(100);
  expect(leftAtMs.length).toBe(4 * 201);
  await jest.advanceTimersByTimeAsync(49);
  expect(leftAtMs.length).toBe(1000);
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
