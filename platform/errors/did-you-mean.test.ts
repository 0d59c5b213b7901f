import { expect, test } from "@jest/globals";
import { closest, didYouMean } from "./did-you-mean.ts";

const KNOWN = ["fullName", "email", "role", "timeZone", "dateOfBirth", "phone", "pageSize", "pageToken"];

test.each([
  ["full_name", "fullName"],
  ["FullName", "fullName"],
  ["fulname", "fullName"],
  ["name", "fullName"],
  ["phoneNumber", "phone"],
  ["timezone", "timeZone"],
  ["emial", "email"],
  ["page_size", "pageSize"],
  ["page", undefined],
  ["x", undefined],
  ["", undefined],
  ["__proto__", undefined],
  ["rôle", "role"],
  ["nickname", undefined],
  ["f".repeat(100_000), undefined],
])("%s means %s", (written, meant) => {
  expect(closest(written, KNOWN)).toBe(meant);
  expect(didYouMean(written, KNOWN)).toBe(meant === undefined ? "" : `; did you mean ${meant}?`);
});
