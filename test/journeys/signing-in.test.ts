import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { accountOf, logIn, mfaTokenOf, PASSWORD, signUp } from "../support/accounts.ts";
import { Api, refusal } from "../support/api.ts";
import { Authenticator } from "../support/authenticator.ts";
import { secure } from "../support/mfa.ts";
import { sharedStack } from "../support/stack.ts";

const api = new Api(sharedStack().urls.gateway);

describe("registration", () => {
  test("creates an account with the given data, which can sign in", async () => {
    const email = `Casey-${randomUUID()}@Example.org`;
    const given = { fullName: "Casey O’Neil", role: "PATIENT" };
    const made = await api.send("POST /v1/auth/register", { body: { ...given, email, password: PASSWORD } });
    expect(made.status).toBe(201);
    const { token } = await logIn(api, { email });
    const me = await api.as(token).client.getMe();
    expect(me).toMatchObject({ ...given, email: email.toLowerCase(), status: "ACTIVE", mfaEnabled: false });
    expect(me.id).toBe(made.body.id);
  });

  test("is refused for an existing e-mail address in any case", async () => {
    const { email } = await signUp(api, "PATIENT");
    const body = { email: email.toUpperCase(), password: PASSWORD, fullName: "Twin", role: "PATIENT" };
    expect(refusal(await api.send("POST /v1/auth/register", { body }))).toEqual({
      status: 409,
      reason: "EMAIL_TAKEN",
    });
  });

  test("creates no admins", async () => {
    const body = {
      email: `${randomUUID()}@example.org`,
      password: PASSWORD,
      fullName: "Mallory",
      role: "ADMIN",
    };
    expect(refusal(await api.send("POST /v1/auth/register", { body }))).toEqual({
      status: 400,
      reason: "INVALID_REQUEST",
    });
  });
});

describe("signing in with a second factor", () => {
  test("requires the password, then a code, which is valid once", async () => {
    const doctor = await signUp(api, "DOCTOR");
    const authenticator = await secure(doctor);

    const { email } = doctor;
    const answer = await api.client.login({ email, password: PASSWORD });
    expect(answer).toEqual({ mfaChallenge: { mfaToken: expect.any(String), expiresInSeconds: 300 } });
    const mfaToken = await mfaTokenOf(api, { email });
    const code = authenticator.next();
    const verified = await api.send("POST /v1/auth/login:verifyMfa", { body: { mfaToken, code } });
    expect(verified.status).toBe(200);
    expect((await accountOf(api, verified.body)).id).toBe(doctor.id);

    const another = await mfaTokenOf(api, { email });
    const again = await api.send("POST /v1/auth/login:verifyMfa", { body: { mfaToken: another, code } });
    expect(refusal(again)).toEqual({ status: 401, reason: "INVALID_MFA_CODE" });
  });

  test("accepts each recovery code once", async () => {
    const doctor = await signUp(api, "DOCTOR");
    const { secret } = await doctor.client.setUpTotp();
    const body = { code: new Authenticator(String(secret)).next() };
    const { recoveryCodes } = await doctor.client.activateTotp(body);
    const [recoveryCode] = recoveryCodes as string[];

    const statuses: number[] = [];
    for (let use = 0; use < 2; use++) {
      const mfaToken = await mfaTokenOf(api, { email: doctor.email });
      const answer = await api.send("POST /v1/auth/login:verifyMfa", { body: { mfaToken, recoveryCode } });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 401]);
  });

  test("an MFA token authorizes nothing else", async () => {
    const doctor = await signUp(api, "DOCTOR");
    await secure(doctor);
    const mfaToken = await mfaTokenOf(api, { email: doctor.email });
    expect(refusal(await api.as(String(mfaToken)).send("GET /v1/users/me"))).toEqual({
      status: 401,
      reason: "UNAUTHENTICATED",
    });
  });
});
