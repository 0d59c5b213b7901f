import { describe, expect, test } from "@jest/globals";
import { methods } from "../contract/methods.ts";
import type { Role } from "../identity/caller.ts";
import { newId } from "../ids.ts";
import { authorize } from "./access.ts";

const user = (role: Role, mfaPending: boolean) =>
  ({ kind: "user", userId: newId(), sessionId: newId(), role, authTime: new Date(), mfaPending }) as const;

const reasonFor = (path: string, mfaPending: boolean, role: Role = "DOCTOR") => {
  try {
    authorize(methods.get(path)!.rules, user(role, mfaPending));
    return "ok";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

const BEFORE = [
  "/medconnect.auth.v1.AuthService/SetUpTotp",
  "/medconnect.auth.v1.AuthService/ActivateTotp",
  "/medconnect.auth.v1.AuthService/Logout",
  "/medconnect.auth.v1.UserService/GetMe",
  "/medconnect.auth.v1.UserService/ListSessions",
  "/medconnect.auth.v1.UserService/DeleteSession",
];

describe("who has yet to set up the second factor that the role must have", () => {
  test.each(BEFORE)("may call %s", (path) => {
    expect(reasonFor(path, true)).toBe("ok");
  });

  test("may call nothing else that they may call afterwards", () => {
    const allowed = [...methods.values()].filter(({ path }) => reasonFor(path, false) === "ok");
    const others = allowed.filter(({ rules }) => !rules.beforeMfa);
    expect(others.length).toBeGreaterThan(10);
    for (const { path } of others) expect(reasonFor(path, true)).toBe("MFA_ENROLLMENT_REQUIRED");
  });

  test("is not told of it where the role may not call at all", () => {
    expect(reasonFor("/medconnect.auth.v1.UserService/ListUsers", true)).toBe("PERMISSION_DENIED");
  });
});
