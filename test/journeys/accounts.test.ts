import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { type Account, accountOf, logIn, PASSWORD, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { mailsTo, tokenOf } from "../support/mails.ts";
import { sharedStack } from "../support/stack.ts";

const NEW_PASSWORD = "five other words, two commas, all new";
const REVOKED_WITHIN_MS = 5000;
const REFUSED = { status: 401, reason: "INVALID_CREDENTIALS" };

const stack = sharedStack();
const api = new Api(stack.urls.gateway);

const login = (email: string, password: string) =>
  api.send("POST /v1/auth/login", { body: { email, password } });

describe("a forgotten password", () => {
  test("is reset by a mailed link; all sessions end, and the owner gets a mail", async () => {
    const patient = await signUp(api, "PATIENT");
    const { email } = patient;
    const asked = await api.send("POST /v1/auth/password:forgot", { body: { email } });
    expect({ status: asked.status, text: asked.text }).toEqual({ status: 202, text: "{}" });

    const [mail] = await mailsTo(stack, email, 1);
    expect(mail).toMatchObject({ subject: "Choose a new password" });
    const body = { token: tokenOf(mail!), password: NEW_PASSWORD };
    expect((await api.send("POST /v1/auth/password:reset", { body })).status).toBe(204);
    expect(refusal(await api.send("POST /v1/auth/password:reset", { body }))).toEqual({
      status: 400,
      reason: "INVALID_LINK_TOKEN",
    });

    expect(refusal(await login(email, PASSWORD))).toEqual(REFUSED);
    expect((await login(email, NEW_PASSWORD)).status).toBe(200);
    const refresh = { body: { refreshToken: patient.refreshToken } };
    expect((await api.send("POST /v1/auth/token:refresh", refresh)).status).toBe(401);
    const [, told] = await mailsTo(stack, email, 2);
    expect(told).toMatchObject({ subject: "Your password was changed" });
  });

  test("of an unknown address gets the same response, but no mail", async () => {
    const email = `nobody-${randomUUID()}@example.org`;
    const { status, text } = await api.send("POST /v1/auth/password:forgot", { body: { email } });
    expect({ status, text }).toEqual({ status: 202, text: "{}" });
    expect(await mailsTo(stack, email, 0)).toEqual([]);
  });
});

test("a change of password requires the old one, and ends the other sessions only", async () => {
  const here = await signUp(api, "DOCTOR");
  const there = await logIn(api, here);
  const change = (currentPassword: string) =>
    here.api.send("POST /v1/users/me/password:change", {
      body: { currentPassword, newPassword: NEW_PASSWORD },
    });
  expect(refusal(await change("not my passphrase"))).toEqual(REFUSED);
  expect((await change(PASSWORD)).status).toBe(204);
  const refresh = ({ refreshToken }: Account) =>
    api.send("POST /v1/auth/token:refresh", { body: { refreshToken } });
  expect((await refresh(there)).status).toBe(401);
  expect((await refresh(here)).status).toBe(200);
  expect((await login(here.email, NEW_PASSWORD)).status).toBe(200);
});

test("a user lists the own sessions, and ends one from another device", async () => {
  const here = await signUp(api, "PATIENT");
  const { email } = here;
  const body = { email, password: PASSWORD, rememberMe: true };
  const headers = { "user-agent": `Phone/7 (quoted "name"; \u00e9) ${"x".repeat(300)}` };
  const there = await accountOf(api, (await api.ok("POST /v1/auth/login", { body, headers })).tokens as Json);
  const { sessions } = await here.client.listSessions();
  const userAgent = `Phone/7 (quoted "name"; ) ${"x".repeat(300)}`.slice(0, 256);
  expect(sessions).toMatchObject([
    { current: false, remembered: true, ipAddress: "127.0.0.1", userAgent },
    { current: true, remembered: false, ipAddress: "127.0.0.1" },
  ]);
  const { id } = sessions[0]!;
  const end = (by: Account) => by.api.send(`DELETE /v1/users/me/sessions/${id}`);
  expect(refusal(await end(await signUp(api, "PATIENT")))).toEqual({ status: 404, reason: "NOT_FOUND" });
  expect((await end(here)).status).toBe(204);
  await eventually(
    () => there.api.send("GET /v1/users/me"),
    ({ status }) => status === 401,
    REVOKED_WITHIN_MS,
  );
  expect((await here.api.send("GET /v1/users/me")).status).toBe(200);
});
