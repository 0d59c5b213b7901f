import { describe, expect, test } from "@jest/globals";
import { methods } from "../contract/methods.ts";
import type { Role } from "../identity/caller.ts";
import { newId } from "../ids/ids.ts";
import { authorize } from "./access.ts";

const NOW = new Date("2026-03-01T09:00:00Z");

const reasonFor = (path: string, mfaPending: boolean, role: Role = "DOCTOR", authTime = NOW) => {
  const user = { kind: "user", userId: newId(), sessionId: newId(), role, authTime, mfaPending } as const;
  try {
    authorize(methods.get(path)!.rules, user, NOW);
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

describe("a user whose role requires a second factor that is not set up yet", () => {
  test.each(BEFORE)("may call %s", (path) => {
    expect(reasonFor(path, true)).toBe("ok");
  });

  test("may not call the other methods of the role", () => {
    const allowed = [...methods.values()].filter(({ path }) => reasonFor(path, false) === "ok");
    const others = allowed.filter(({ rules }) => !rules.beforeMfa);
    expect(others.length).toBeGreaterThan(10);
    for (const { path } of others) expect(reasonFor(path, true)).toBe("MFA_ENROLLMENT_REQUIRED");
  });

  test("gets PERMISSION_DENIED for methods of other roles", () => {
    expect(reasonFor("/medconnect.auth.v1.UserService/ListUsers", true)).toBe("PERMISSION_DENIED");
  });
});

const FRESH: [string, Role][] = [
  ["/medconnect.auth.v1.AuthService/SetUpTotp", "PATIENT"],
  ["/medconnect.auth.v1.BreakGlassService/CreateBreakGlassGrant", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/CreateServiceAccount", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/RotateServiceAccountSecret", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/EnableServiceAccount", "ADMIN"],
  ["/medconnect.auth.v1.UserService/EnableUser", "ADMIN"],
  ["/medconnect.auth.v1.UserService/ResetMfa", "ADMIN"],
];

describe("a user with an old sign-in", () => {
  const LONG_AGO = new Date(NOW.getTime() - 1);

  test.each(FRESH)("may call %s as %s only after signing in again", (path, role) => {
    expect(reasonFor(path, false, role, LONG_AGO)).toBe("REAUTHENTICATION_REQUIRED");
    expect(reasonFor(path, false, role, NOW)).toBe("ok");
  });

  test.each<Role>(["PATIENT", "DOCTOR", "ADMIN"])("may call all other methods as %s", (role) => {
    const fresh = FRESH.map(([path]) => path);
    for (const path of methods.keys()) {
      if (!fresh.includes(path))
        expect(reasonFor(path, false, role, LONG_AGO)).toBe(reasonFor(path, false, role));
    }
  });

  test("gets the error about the role or the second factor first", () => {
    const path = "/medconnect.auth.v1.UserService/EnableUser";
    expect(reasonFor(path, false, "PATIENT", LONG_AGO)).toBe("PERMISSION_DENIED");
    expect(reasonFor(path, true, "ADMIN", LONG_AGO)).toBe("MFA_ENROLLMENT_REQUIRED");
  });
});
