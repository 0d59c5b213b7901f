import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { BreakGlassServiceService } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import {
  ServiceAccount,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { generateSync } from "otplib";
import { disableUser, enableUser } from "../admin/change-status.ts";
import { resetMfa } from "../admin/reset-mfa.ts";
import { createBreakGlassGrant } from "../break-glass/create-grant.ts";
import { activateTotp } from "../mfa/activate-totp.ts";
import { disableTotp } from "../mfa/disable-totp.ts";
import { regenerateRecoveryCodes } from "../mfa/regenerate-recovery-codes.ts";
import { setUpTotp } from "../mfa/set-up-totp.ts";
import { changePassword } from "../passwords/change-password.ts";
import { enableServiceAccount } from "../service-accounts/change-service-account-status.ts";
import { createServiceAccount } from "../service-accounts/create-service-account.ts";
import { rotateServiceAccountSecret } from "../service-accounts/rotate-secret.ts";
import { PASSWORD, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { logout } from "./logout.ts";

const STEP_MS = 30_000;
const NEW_PASSWORD = "quite another passphrase";

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const setUp = (by: UserCaller) => auth.call(AuthServiceService.setUpTotp, bound(setUpTotp, auth.app), {}, by);
const activate = (by: UserCaller, code: string) =>
  auth.call(AuthServiceService.activateTotp, bound(activateTotp, auth.app), { code }, by);

/** Sets up a second factor. @returns a function that advances the clock, and returns the next code */
async function withSetUp(by: UserCaller) {
  const { secret } = await setUp(by);
  return () => {
    auth.clock.advance(STEP_MS);
    return generateSync({ secret, epoch: Math.floor(auth.clock.now().getTime() / 1000) });
  };
}

async function withMfa(by: UserCaller) {
  const code = await withSetUp(by);
  await activate(by, code());
  return code;
}

const makeServiceAccount = (by: UserCaller) => {
  const serviceAccount = ServiceAccount.fromPartial({
    name: `System ${newId()}`,
    scopes: ["billing.payments.read"],
  });
  const method = ServiceAccountServiceService.createServiceAccount;
  return auth.call(method, bound(createServiceAccount, auth.app), { serviceAccount }, by);
};

/**
 * Changes that outlast the session in which they are made. Each function prepares a change while the session
 * is live, and returns the call that the test makes after the session has ended.
 */
const attempts: Record<string, (by: UserCaller) => Promise<() => Promise<unknown>>> = {
  "set up a second factor": async (by) => () => setUp(by),
  "activate a second factor": async (by) => {
    const code = await withSetUp(by);
    return () => activate(by, code());
  },
  "remove a second factor": async (by) => {
    const code = await withMfa(by);
    const request = () => ({ password: PASSWORD, code: code(), idempotencyKey: "" });
    return () => auth.call(AuthServiceService.disableTotp, bound(disableTotp, auth.app), request(), by);
  },
  "make new recovery codes": async (by) => {
    const code = await withMfa(by);
    const method = AuthServiceService.regenerateRecoveryCodes;
    const request = () => ({ password: PASSWORD, code: code() });
    return () => auth.call(method, bound(regenerateRecoveryCodes, auth.app), request(), by);
  },
  "change the password": async (by) => {
    const request = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    return () => auth.call(UserServiceService.changePassword, bound(changePassword, auth.app), request, by);
  },
  "enable an account": async (by) => {
    const request = { userId: (await auth.makeUser()).id, idempotencyKey: "" };
    return () => auth.call(UserServiceService.enableUser, bound(enableUser, auth.app), request, by);
  },
  "reset a second factor": async (by) => {
    const request = { userId: (await auth.makeUser()).id, idempotencyKey: "" };
    return () => auth.call(UserServiceService.resetMfa, bound(resetMfa, auth.app), request, by);
  },
  "make a service account": async (by) => () => makeServiceAccount(by),
  "rotate a service account's secret": async (by) => {
    const { id: serviceAccountId } = await makeServiceAccount(by);
    const request = { serviceAccountId, gracePeriod: undefined };
    const method = ServiceAccountServiceService.rotateServiceAccountSecret;
    return () => auth.call(method, bound(rotateServiceAccountSecret, auth.app), request, by);
  },
  "enable a service account": async (by) => {
    const { id: serviceAccountId } = await makeServiceAccount(by);
    const request = { serviceAccountId, idempotencyKey: "" };
    const method = ServiceAccountServiceService.enableServiceAccount;
    return () => auth.call(method, bound(enableServiceAccount, auth.app), request, by);
  },
  "break the glass": async (by) => {
    const { id: patientId } = await auth.makeUser();
    const request = { patientId, reason: "Found unconscious; allergies?", idempotencyKey: "" };
    const method = BreakGlassServiceService.createBreakGlassGrant;
    return () => auth.call(method, bound(createBreakGlassGrant, auth.app), request, by);
  },
};

const endings: Record<string, (by: UserCaller) => Promise<unknown>> = {
  "that has logged out": (by) =>
    auth.call(AuthServiceService.logout, bound(logout, auth.app), { idempotencyKey: "" }, by),
  "whose account was disabled": ({ userId }) =>
    auth.call(
      UserServiceService.disableUser,
      bound(disableUser, auth.app),
      { userId, idempotencyKey: "" },
      userCaller("ADMIN"),
    ),
  "that has expired": async () => auth.clock.advance(auth.app.lifetimes.ordinary.sessionMs),
};

describe.each(Object.keys(endings))("a session %s, whose access token is still accepted", (ending) => {
  test.each(Object.keys(attempts))("cannot %s", async (name) => {
    const by = await auth.signInAdmin();
    const attempt = await attempts[name]!(by);
    await endings[ending]!(by);
    await expect(attempt()).rejects.toMatchObject({ reason: "UNAUTHENTICATED" });
  });
});

test.each(Object.keys(attempts))("a live session can %s", async (name) => {
  const attempt = await attempts[name]!(await auth.signInAdmin());
  await expect(attempt()).resolves.toBeDefined();
});

test("another user's session is not accepted as the caller's", async () => {
  const [by, other] = [await auth.signInAdmin(), await auth.signInAdmin()];
  const mixed = { ...by, sessionId: other.sessionId };
  await expect(setUp(mixed)).rejects.toMatchObject({ reason: "UNAUTHENTICATED" });
});
