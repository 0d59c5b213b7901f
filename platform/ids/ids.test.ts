import { afterEach, expect, jest, test } from "@jest/globals";
import { isId, newId } from "./ids.ts";

afterEach(() => {
  jest.useRealTimers();
});

test("ids are UUIDs of version 7 that ascend, also within a millisecond and if the clock is set back", () => {
  const nowMs = Date.parse("2100-03-01T09:00:00Z");
  jest.useFakeTimers({ now: nowMs });
  const ids = Array.from({ length: 1000 }, newId);
  jest.setSystemTime(nowMs - 1000);
  ids.push(newId());
  jest.setSystemTime(nowMs + 1000);
  ids.push(newId());
  expect(ids.filter((id) => !isId(id) || !/^.{14}7.{4}[89ab]/.test(id))).toEqual([]);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Number.parseInt(ids[0]!.replace("-", "").slice(0, 12), 16)).toBe(nowMs);
});

test("ids of one millisecond share no random part", () => {
  const parts = Array.from({ length: 600 }, () => newId().slice(-10));
  expect(new Set(parts).size).toBe(parts.length);
});
