import { expect, test } from "@jest/globals";
import type { Role, UserCaller } from "@medconnect/platform/identity/caller.ts";
import { mayRead, scopeOf } from "./access.ts";

const user = (role: Role, userId: string): UserCaller => ({
  kind: "user",
  userId,
  sessionId: "s",
  role,
  authTime: new Date(0),
});
const record = { patient_id: "p", doctor_id: "d" };

test.each([
  ["PATIENT", "p", true],
  ["PATIENT", "d", false],
  ["PATIENT", "x", false],
  ["DOCTOR", "d", true],
  ["DOCTOR", "p", false],
  ["DOCTOR", "x", false],
  ["ADMIN", "p", false],
  ["ADMIN", "d", false],
] as const)("%s %s may read the record of patient p and doctor d: %s", (role, id, may) => {
  expect(mayRead(user(role, id), record)).toBe(may);
});

test("a list is of the user's own records, whoever the user is", () => {
  expect(scopeOf(user("PATIENT", "p"))).toEqual({ patientId: "p" });
  expect(scopeOf(user("DOCTOR", "d"))).toEqual({ doctorId: "d" });
  expect(scopeOf(user("ADMIN", "a"))).toEqual({ patientId: "a" });
});
