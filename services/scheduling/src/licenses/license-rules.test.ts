import { expect, test } from "@jest/globals";
import {
  assertDecidable,
  canonicalClaim,
  type Decision,
  type StoredStatus,
  shownDate,
  statusOn,
} from "./license-rules.ts";

const NOW = new Date("2030-01-15T23:59:59Z");
const TODAY = "2030-01-15";
const FIELDS = { region: "region", expireDate: "expire_date" };
const claim = (part: object) =>
  canonicalClaim({ number: "A1", region: "DE", expireDate: "", ...part }, NOW, FIELDS);

test.each([
  ["us-ca", "US-CA"],
  ["de", "DE"],
])("a claim's region %s is kept as %s", (region, kept) => {
  expect(claim({ region })).toEqual({ number: "A1", region: kept, expireDate: "" });
});

test.each([
  ["an unknown country", { region: "ZZ" }, ["region"]],
  ["an unknown subdivision", { region: "US-ZZ" }, ["region"]],
  ["a day that the calendar lacks", { expireDate: "2031-02-29" }, ["expire_date"]],
  ["yesterday", { expireDate: "2030-01-14" }, ["expire_date"]],
  ["a date beyond all licences", { expireDate: "2201-01-01" }, ["expire_date"]],
  ["both", { region: "ZZ", expireDate: "2030-01-14" }, ["region", "expire_date"]],
])("a claim with %s is refused, and says in which field", (_what, part, fields) => {
  const violations = fields.map((field) => expect.objectContaining({ field }));
  expect(() => claim(part)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST", violations }));
});

test("a claim may end today", () => {
  expect(claim({ expireDate: TODAY }).expireDate).toBe(TODAY);
});

test("a licence that does not end has no date to show", () => {
  expect([shownDate("9999-12-31"), shownDate("2030-12-31")]).toEqual(["", "2030-12-31"]);
});

test.each([
  ["PENDING", TODAY, "PENDING"],
  ["PENDING", "2030-01-14", "EXPIRED"],
  ["VERIFIED", TODAY, "VERIFIED"],
  ["VERIFIED", "2030-01-14", "EXPIRED"],
  ["REJECTED", "2030-01-14", "REJECTED"],
  ["REVOKED", "2030-01-14", "REVOKED"],
  ["REPLACED", "2040-01-01", "EXPIRED"],
] as const)("a %s licence until %s reads %s", (status, expireDate, shown) => {
  expect(statusOn({ status, expireDate }, TODAY)).toBe(shown);
});

const DECISIONS: Decision[] = ["VERIFIED", "REJECTED", "REVOKED"];
const decisionsOn = (status: StoredStatus, expireDate: string, region: string) =>
  DECISIONS.map((decision) => {
    try {
      return assertDecidable({ status, expireDate, region }, decision, TODAY) ? "yes" : "done";
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  });
const NO = "ILLEGAL_TRANSITION";

test.each([
  ["a pending one", "PENDING", TODAY, "DE", ["yes", "yes", NO]],
  ["a pending one that is over", "PENDING", "2030-01-14", "DE", [NO, "yes", NO]],
  ["a pending one of a region in free text", "PENDING", TODAY, "CALIFORNIA", [NO, "yes", NO]],
  ["a verified one", "VERIFIED", TODAY, "DE", ["done", NO, "yes"]],
  ["a verified one that is over", "VERIFIED", "2030-01-14", "DE", [NO, NO, "yes"]],
  ["a rejected one", "REJECTED", TODAY, "DE", [NO, "done", NO]],
  ["a revoked one", "REVOKED", TODAY, "DE", [NO, NO, "done"]],
  ["a replaced one", "REPLACED", TODAY, "DE", [NO, NO, NO]],
] as const)(
  "of %s can be decided: verified, rejected, revoked",
  (_what, status, expireDate, region, expected) => {
    expect(decisionsOn(status, expireDate, region)).toEqual(expected);
  },
);
