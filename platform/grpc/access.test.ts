import { describe, expect, test } from "@jest/globals";
import {
  MethodRules_Access as Access,
  MethodRules_Role as RoleName,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { methods } from "../contract/methods.ts";
import type { Caller, Role } from "../identity/caller.ts";
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

describe("a refusal names the caller's rights, and those that the method needs:", () => {
  const byRole = [...methods.values()].filter(({ rules }) => rules.access === Access.ROLES);
  const detailFor = (path: string, caller: Caller) => {
    try {
      authorize(methods.get(path)!.rules, caller, NOW);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each(byRole.map((method) => [method.path, method] as const))("%s", (path, { rules }) => {
    const needed = rules.roles.map((role) => RoleName[role]);
    for (const role of ["PATIENT", "DOCTOR", "ADMIN"] as const) {
      const user = { kind: "user", userId: newId(), sessionId: newId(), role, authTime: NOW } as const;
      const isAllowed = needed.includes(role);
      const detail = isAllowed ? undefined : `Your role is ${role}; this needs ${needed.join(" or ")}.`;
      expect(detailFor(path, user)).toBe(detail);
    }
    const account: Caller = {
      kind: "serviceAccount",
      accountId: newId(),
      sessionId: newId(),
      scopes: new Set(["other.things.read"]),
    };
    expect(detailFor(path, account)).toBe(
      rules.scopes.length > 0
        ? `The token's scopes are other.things.read; this needs ${rules.scopes.join(" or ")}.`
        : "This is for users; service accounts cannot call it.",
    );
  });
});

const FRESH: [string, Role][] = [
  ["/medconnect.auth.v1.AuthService/SetUpTotp", "PATIENT"],
  ["/medconnect.admin.v1.AdminService/ReplayDeadEvent", "ADMIN"],
  ["/medconnect.operations.v1.OutboxService/ReplayDeadEvent", "ADMIN"],
  ["/medconnect.auth.v1.MailService/RetryDeadMail", "ADMIN"],
  ["/medconnect.auth.v1.BreakGlassService/CreateBreakGlassGrant", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/CreateServiceAccount", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/RotateServiceAccountSecret", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/EnableServiceAccount", "ADMIN"],
  ["/medconnect.auth.v1.ServiceAccountService/SetServiceAccountKeys", "ADMIN"],
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
