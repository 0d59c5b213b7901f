import { expect, test } from "@jest/globals";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MAX_TOKENS, parseJsonObject } from "./json-text.ts";

const MIB = 1024 * 1024;

function messageOf(json: string): string {
  try {
    parseJsonObject(Buffer.from(json));
    return "";
  } catch (error) {
    return (error as ApiError).message;
  }
}

test("the body with the most fields that the contract allows is read", () => {
  const slot = { startTime: "2027-01-11T09:00:00Z", endTime: "2027-01-11T09:30:00Z" };
  const largest = JSON.stringify({ slots: Array.from({ length: 500 }, () => slot) });
  expect(messageOf(largest)).toBe("");
  expect(largest.match(/["{}[\],]/g)!.length).toBeLessThan(MAX_TOKENS);
});

const names = Array.from({ length: MIB / 13 }, (_, i) => `"k${String(i).padStart(6, "0")}":1`).join();

test.each([
  ["names", `{${names}}`],
  ["items", `{"a":[${"{},".repeat(MIB / 3)}{}]}`],
  ["levels", `{"a":${"[".repeat(MAX_TOKENS)}${"]".repeat(MAX_TOKENS)}}`],
])("a megabyte of %s is refused, and costs little more than its parsing", (_, json) => {
  const before = process.cpuUsage();
  JSON.parse(json);
  const parsing = process.cpuUsage(before);
  expect(messageOf(json)).toMatch(/too many/);
  const both = process.cpuUsage(before);
  expect((both.user - 2 * parsing.user) / 1000).toBeLessThan(80);
});
