import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { getJwks } from "../keys/get-jwks.ts";
import { forgotPassword } from "../passwords/forgot-password.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { endAllLogins } from "./end-all-logins.ts";

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

test("refresh tokens, access tokens and mailed links of the time before are void", async () => {
  const { app } = auth;
  const user = await auth.makeUser();
  const session = await auth.logIn(user);
  const kidsBefore = (await getJwks(app, {})).keys.map(({ kid }) => kid);
  await auth.call(AuthServiceService.forgotPassword, bound(forgotPassword, app), { email: user.email });
  await app.db.transaction(async (tx) => endAllLogins(tx, auth.clock.now()));

  const request = { refreshToken: session.refreshToken, idempotencyKey: "" };
  await expect(
    auth.call(AuthServiceService.refreshToken, bound(refreshToken, app), request),
  ).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  for (const table of ["link_tokens", "mfa_challenges"]) {
    expect(await app.db.read(`SELECT 1 FROM ${table}`)).toEqual([]);
  }
  const another = await auth.startAnother();
  const kids = (await getJwks(another, {})).keys.map(({ kid }) => kid);
  expect(kids).not.toEqual([]);
  expect(kids.filter((kid) => kidsBefore.includes(kid))).toEqual([]);
});
