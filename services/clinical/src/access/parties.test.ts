import { expect, test } from "@jest/globals";
import type { Role, UserCaller } from "@medconnect/platform/identity/caller.ts";
import { isOwn } from "./parties.ts";

const user = (role: Role, userId: string): UserCaller => ({
  kind: "user",
  userId,
  sessionId: "s",
  role,
  authTime: new Date(0),
});
const record = { patientId: "p", doctorId: "d" };

test.each([
  ["PATIENT", "p", true],
  ["PATIENT", "d", false],
  ["PATIENT", "x", false],
  ["DOCTOR", "d", true],
  ["DOCTOR", "p", false],
  ["DOCTOR", "x", false],
  ["ADMIN", "p", false],
  ["ADMIN", "d", false],
] as const)("the record of patient p and doctor d is the own one of %s %s: %s", (role, id, own) => {
  expect(isOwn(user(role, id), record)).toBe(own);
});
