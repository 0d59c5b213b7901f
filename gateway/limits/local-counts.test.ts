import { expect, test } from "@jest/globals";
import { LocalCounts } from "./local-counts.ts";

const WINDOW_MS = 60_000;

test("Redis counts the first request of a client, and each one beyond the unreported maximum", () => {
  const counts = new LocalCounts(2);
  expect(counts.count("a", 0)).toBeUndefined();
  expect(counts.takeUnreported("a", 0)).toBe(1);
  counts.update("a", { consumed: 10, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 1000)).toEqual({ consumed: 11, resetMs: WINDOW_MS - 1000 });
  expect(counts.count("a", 2000)).toEqual({ consumed: 12, resetMs: WINDOW_MS - 2000 });
  expect(counts.count("a", 2000)).toBeUndefined();
  expect(counts.takeUnreported("a", 2000)).toBe(3);
  // One more request arrives while Redis answers. The answer of Redis does not include this request.
  expect(counts.count("a", 2000)).toMatchObject({ consumed: 14 });
  counts.update("a", { consumed: 20, resetMs: WINDOW_MS - 2000 }, 2000);
  expect(counts.count("a", 3000)).toEqual({ consumed: 22, resetMs: WINDOW_MS - 3000 });
});

test("a count expires with its window", () => {
  const counts = new LocalCounts(5);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 1)).toMatchObject({ consumed: 2 });
  expect(counts.count("a", WINDOW_MS)).toBeUndefined();
  expect(counts.takeUnreported("a", WINDOW_MS)).toBe(1);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, WINDOW_MS);
  expect(counts.count("a", WINDOW_MS)).toMatchObject({ consumed: 2 });
});

test("with a maximum of 0, each request is reported", () => {
  const counts = new LocalCounts(0);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 0)).toBeUndefined();
  expect(counts.takeUnreported("a", 0)).toBe(1);
});

test("beyond the maximum of clients, the oldest count is dropped", () => {
  const counts = new LocalCounts(5);
  for (let i = 0; i <= 10_000; i++) counts.update(`c${i}`, { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("c0", 0)).toBeUndefined();
  expect(counts.count("c1", 0)).toMatchObject({ consumed: 2 });
});
