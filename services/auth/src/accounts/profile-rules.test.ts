import { expect, test } from "@jest/globals";
import type { Profile } from "./account.ts";
import { assertBorn, PROFILE_FIELDS } from "./profile-rules.ts";

const NOW = new Date("2030-03-01T11:00:00Z");
const born = (dateOfBirth: string) => (): void =>
  assertBorn(
    { fullName: "Jo Doe", dateOfBirth, phone: "", timeZone: "", locale: "", region: "" } satisfies Profile,
    NOW,
  );

test.each(["", "1980-02-29", "2030-03-01"])("accepts the date of birth %j", (dateOfBirth) => {
  expect(born(dateOfBirth)).not.toThrow();
});

test("a user changes the profile, and neither e-mail nor role", () => {
  expect(PROFILE_FIELDS).toEqual({
    resource: "user",
    updatable: ["fullName", "dateOfBirth", "phone", "timeZone", "locale", "region"],
    immutable: [],
  });
});

test("today in any time zone on earth is not in the future", () => {
  expect(born("2030-03-02")).not.toThrow();
  expect(born("2030-03-03")).toThrow(
    expect.objectContaining({
      reason: "INVALID_REQUEST",
      violations: [{ field: "user.date_of_birth", description: "must not be in the future" }],
    }),
  );
});
