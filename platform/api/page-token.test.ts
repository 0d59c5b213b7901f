import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Position } from "../db/filters.ts";
import { MAX_TOKEN_LENGTH, Pages } from "./page-token.ts";

const pages = new Pages(new KeyedHash(randomBytes(32)));
const invalid = expect.objectContaining({ reason: "INVALID_PAGE_TOKEN" });

const tokenAt = (position: Position, ...scope: string[]): string => {
  const page = pages.open({ pageSize: 1, pageToken: "" }, ...scope);
  return pages.close(page, [1, 2], () => position).nextPageToken;
};

test.each([
  [0, 20],
  [7, 7],
  [100, 100],
  [101, 100],
  [2_000_000_000, 100],
])("a page size of %i becomes %i", (pageSize, size) => {
  expect(pages.open({ pageSize, pageToken: "" }, "list").size).toBe(size);
});

test("a position survives the round trip: ids, numbers, times, bytes", () => {
  const position = ["x", 5, new Date("2030-01-01T00:00:00.123Z"), Buffer.from([0, 255, 127])];
  expect(pages.open({ pageSize: 1, pageToken: tokenAt(position, "list") }, "list").after).toEqual(position);
});

test("the longest sort key of any list fits into a token, and a longer one throws", () => {
  const id = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
  expect(tokenAt([Buffer.alloc(64, 255), id], "list").length).toBeLessThan(MAX_TOKEN_LENGTH);
  expect(() => tokenAt(["x".repeat(400)], "list")).toThrow("too long for a page token");
});

test("a token is valid for its own list and filters only", () => {
  const token = tokenAt(["x"], "bookings", "CONFIRMED");
  expect(() => pages.open({ pageSize: 1, pageToken: token }, "bookings", "CANCELLED")).toThrow(invalid);
  expect(() => pages.open({ pageSize: 1, pageToken: token }, "payments", "CONFIRMED")).toThrow(invalid);
});

test("a malformed or altered token is refused", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (pageToken) => {
      expect(() => pages.open({ pageSize: 1, pageToken }, "list")).toThrow(invalid);
    }),
  );
});

test("the last page has no token of a next one", () => {
  const page = pages.open({ pageSize: 2, pageToken: "" }, "list");
  expect(pages.close(page, [1, 2], (row) => [row])).toEqual({ rows: [1, 2], nextPageToken: "" });
});
