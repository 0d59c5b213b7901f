import { expect, test } from "@jest/globals";
import { newAccount } from "./account.ts";

test("a new account is active, unverified and without a second factor, and its profile is empty", () => {
  const now = new Date("2030-01-01T09:00:00Z");
  const person = { email: "jane@example.com", fullName: "Jane Roe", role: "PATIENT" } as const;
  expect(newAccount(person, now)).toEqual({
    ...person,
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    status: "ACTIVE",
    emailVerified: false,
    mfaEnabled: false,
    dateOfBirth: "",
    phone: "",
    timeZone: "",
    locale: "",
    region: "",
    version: 1,
    createTime: now,
  });
});
