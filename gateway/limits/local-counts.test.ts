import { expect, test } from "@jest/globals";
import { LocalCounts } from "./local-counts.ts";

const WINDOW_MS = 60_000;

test("Redis is asked for a client's first request, and then for each that exceeds the slack", () => {
  const counts = new LocalCounts(2);
  expect(counts.count("a", 0)).toBeUndefined();
  expect(counts.takeUnreported("a", 0)).toBe(1);
  counts.update("a", { consumed: 10, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 1000)).toEqual({ consumed: 11, resetMs: WINDOW_MS - 1000 });
  expect(counts.count("a", 2000)).toEqual({ consumed: 12, resetMs: WINDOW_MS - 2000 });
  expect(counts.count("a", 2000)).toBeUndefined();
  expect(counts.takeUnreported("a", 2000)).toBe(3);
  // Meanwhile two more requests come in, of which the answer does not know.
  expect(counts.count("a", 2000)).toMatchObject({ consumed: 14 });
  counts.update("a", { consumed: 20, resetMs: WINDOW_MS - 2000 }, 2000);
  expect(counts.count("a", 3000)).toEqual({ consumed: 22, resetMs: WINDOW_MS - 3000 });
});

test("a window that has ended counts no more", () => {
  const counts = new LocalCounts(5);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 1)).toMatchObject({ consumed: 2 });
  expect(counts.count("a", WINDOW_MS)).toBeUndefined();
  expect(counts.takeUnreported("a", WINDOW_MS)).toBe(1);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, WINDOW_MS);
  expect(counts.count("a", WINDOW_MS)).toMatchObject({ consumed: 2 });
});

test("without slack Redis is told of each request", () => {
  const counts = new LocalCounts(0);
  counts.update("a", { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("a", 0)).toBeUndefined();
  expect(counts.takeUnreported("a", 0)).toBe(1);
});

test("of very many clients the oldest is forgotten", () => {
  const counts = new LocalCounts(5);
  for (let i = 0; i <= 10_000; i++) counts.update(`c${i}`, { consumed: 1, resetMs: WINDOW_MS }, 0);
  expect(counts.count("c0", 0)).toBeUndefined();
  expect(counts.count("c1", 0)).toMatchObject({ consumed: 2 });
});
