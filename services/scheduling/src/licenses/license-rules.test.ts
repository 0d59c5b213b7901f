import { expect, test } from "@jest/globals";
import {
  assertDecidable,
  assertNotOver,
  assertVerifiable,
  type Decision,
  type StoredStatus,
  shownDate,
  statusOn,
} from "./license-rules.ts";

const NOW = new Date("2030-01-15T23:59:59Z");
const TODAY = "2030-01-15";

test("a claim of an expired licence is refused, one until today is not", () => {
  const claim = (expireDate: string) => ({ number: "A1", region: "DE", expireDate });
  for (const day of ["", TODAY, "2031-02-28"])
    expect(() => assertNotOver(claim(day), NOW, "expire_date")).not.toThrow();
  const violations = [{ field: "expire_date", description: "must not be in the past" }];
  const refusal = expect.objectContaining({ reason: "INVALID_REQUEST", violations });
  expect(() => assertNotOver(claim("2030-01-14"), NOW, "expire_date")).toThrow(refusal);
});

test("an unlimited licence shows no date", () => {
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
const decisionsOn = (status: StoredStatus, expireDate: string) =>
  DECISIONS.map((decision) => {
    try {
      return assertDecidable({ status, expireDate, reason: "" }, { decision, reason: "" }, TODAY)
        ? "yes"
        : "done";
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  });
const NO = "ILLEGAL_TRANSITION";

test.each([
  ["a pending one", "PENDING", TODAY, ["yes", "yes", NO]],
  ["a pending one that is over", "PENDING", "2030-01-14", [NO, "yes", NO]],
  ["a verified one", "VERIFIED", TODAY, ["done", NO, "yes"]],
  ["a verified one that is over", "VERIFIED", "2030-01-14", [NO, NO, "yes"]],
  ["a rejected one", "REJECTED", TODAY, [NO, "done", NO]],
  ["a revoked one", "REVOKED", TODAY, [NO, NO, "done"]],
  ["a replaced one", "REPLACED", TODAY, [NO, NO, NO]],
] as const)("of %s can be decided: verified, rejected, revoked", (_what, status, expireDate, expected) => {
  expect(decisionsOn(status, expireDate)).toEqual(expected);
});

const [OLD, NEW] = ["Ana Ore", "Ana Øre"];

test.each([
  ["a claim for the account's name", "PENDING", TODAY, { seen: OLD, account: OLD, verified: null }, "yes"],
  ["a claim for another name", "PENDING", TODAY, { seen: OLD, account: NEW, verified: null }, "NAME_DIFFERS"],
  ["a claim that is over", "PENDING", "2030-01-14", { seen: OLD, account: OLD, verified: null }, NO],
  ["the verified name", "VERIFIED", TODAY, { seen: OLD, account: OLD, verified: OLD }, "done"],
  [
    "the verified name of a renamed account",
    "VERIFIED",
    TODAY,
    { seen: OLD, account: NEW, verified: OLD },
    "done",
  ],
  ["the account's new name", "VERIFIED", TODAY, { seen: NEW, account: NEW, verified: OLD }, "yes"],
  ["a third name", "VERIFIED", TODAY, { seen: "Ana", account: NEW, verified: OLD }, "NAME_DIFFERS"],
  [
    "a new name on a licence that is over",
    "VERIFIED",
    "2030-01-14",
    { seen: NEW, account: NEW, verified: OLD },
    NO,
  ],
  ["a revoked licence", "REVOKED", TODAY, { seen: NEW, account: NEW, verified: OLD }, NO],
] as const)("to verify %s (%s until %s, %j): %s", (_what, status, expireDate, names, expected) => {
  const verify = () => {
    try {
      return assertVerifiable({ status, expireDate, reason: "" }, names, TODAY) ? "yes" : "done";
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };
  expect(verify()).toBe(expected);
});

test.each(["REJECTED", "REVOKED"] as const)(
  "a decision that is repeated for another reason is refused: %s",
  (decision) => {
    const license = { status: decision, expireDate: TODAY, reason: "Not in the register" };
    expect(assertDecidable(license, { decision, reason: "Not in the register" }, TODAY)).toBe(false);
    expect(() => assertDecidable(license, { decision, reason: "Struck off" }, TODAY)).toThrow(
      expect.objectContaining({
        reason: NO,
        metadata: { current: decision, requested: decision, allowed: "" },
      }),
    );
  },
);
