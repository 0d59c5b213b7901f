import { expect, test } from "@jest/globals";
import type { Profile } from "./account-store.ts";
import { canonicalProfile } from "./profile-rules.ts";

const NOW = new Date("2030-03-01T11:00:00Z");
const PROFILE: Profile = { fullName: "Jo Doe", dateOfBirth: "", phone: "", timeZone: "", locale: "" };
const canonical = (change: Partial<Profile>) => canonicalProfile({ ...PROFILE, ...change }, NOW);

test("takes a profile that tells nothing, and one that tells all", () => {
  expect(canonical({})).toEqual(PROFILE);
  const full = {
    dateOfBirth: "1980-02-29",
    phone: "+15551234567",
    timeZone: "Asia/Kolkata",
    locale: "de-CH",
  };
  expect(canonical(full)).toEqual({ ...PROFILE, ...full });
});

test("keeps names composed and trimmed, and languages in their usual spelling", () => {
  expect(canonical({ fullName: " Jose\u0301 ", locale: "zh-hant-tw" })).toMatchObject({
    fullName: "José",
    locale: "zh-Hant-TW",
  });
});

test.each([
  ["dateOfBirth", "1981-02-29", "user.date_of_birth"],
  ["dateOfBirth", "1899-12-31", "user.date_of_birth"],
  ["dateOfBirth", "2030-03-03", "user.date_of_birth"],
  ["timeZone", "Mars/Olympus", "user.time_zone"],
  ["timeZone", "+01:00", "user.time_zone"],
  ["locale", "no_such_tag", "user.locale"],
  ["fullName", " \u00a0 ", "user.full_name"],
] as const)("refuses %s %j", (field, value, path) => {
  expect(() => canonical({ [field]: value })).toThrow(
    expect.objectContaining({
      reason: "INVALID_REQUEST",
      violations: [expect.objectContaining({ field: path })],
    }),
  );
});

test("a birthday that has begun anywhere on earth is not in the future", () => {
  expect(() => canonical({ dateOfBirth: "2030-03-02" })).not.toThrow();
});

test("names every field that is wrong", () => {
  const wrong = { fullName: " ", dateOfBirth: "1981-02-29", timeZone: "x", locale: "_" };
  const paths = ["user.full_name", "user.date_of_birth", "user.time_zone", "user.locale"];
  expect(() => canonical(wrong)).toThrow(
    expect.objectContaining({ violations: paths.map((field) => expect.objectContaining({ field })) }),
  );
});
