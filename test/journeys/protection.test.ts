import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, mfaTokenOf, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { type Answer, Api, type Json, refusal } from "../support/api.ts";
import { Authenticator } from "../support/authenticator.ts";
import { Grpc } from "../support/grpc.ts";
import { secure } from "../support/mfa.ts";
import { type SideProcess, startAuth, startGateway } from "../support/side-processes.ts";
import { sharedStack } from "../support/stack.ts";

const START_TIMEOUT_MS = 240_000;
const WRONG = "another long passphrase";
const STRANGER = "203.0.113.66";
const OWNER = "198.51.100.7";
const AT_ONCE = 50;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const auth = new Grpc(stack.addresses.auth);
const processes: SideProcess[] = [];
/**
 * Client of a gateway that trusts one proxy. This gateway reads the client's address from X-Forwarded-For.
 */
let proxied: Api;

beforeAll(async () => {
  const gateway = await startGateway(stack, { TRUST_PROXY: "1" });
  processes.push(gateway);
  proxied = gateway.api;
}, START_TIMEOUT_MS);
afterAll(async () => {
  auth.close();
  await Promise.all(processes.map((process) => process.stop()));
}, START_TIMEOUT_MS);

/** Counts the calls by outcome. */
const callStats = (outcomes: unknown[]): Record<string, number> =>
  outcomes.reduce<Record<string, number>>((counts, outcome) => {
    counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
    return counts;
  }, {});

const repeat = <T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));

const outcomeOf = ({ status, body }: Answer) => (status === 200 ? "ok" : body.reason);

describe("guessing a password", () => {
  const logIn = (email: string, password: string, from: string) =>
    proxied.send("POST /v1/auth/login", {
      body: { email, password },
      headers: { "x-forwarded-for": from },
    });

  test("locks the address out, but not the owner at another address", async () => {
    const { email } = await signUp(api, "PATIENT");
    const guesses = await repeat(12, () => logIn(email, WRONG, STRANGER));
    expect(callStats(guesses.map(outcomeOf))).toEqual({ INVALID_CREDENTIALS: 12 });
    const locked = await logIn(email, PASSWORD, STRANGER);
    const { requestId: _, ...body } = locked.body;
    const { requestId: __, ...likeWrong } = guesses[0]!.body;
    expect({ status: locked.status, body }).toEqual({ status: guesses[0]!.status, body: likeWrong });
    expect((await logIn(email, PASSWORD, OWNER)).status).toBe(200);
  });

  test("over gRPC counts for the connection's address, whatever x-forwarded-for says", async () => {
    const { email } = await signUp(api, "PATIENT");
    const direct = (password: string, headers: Record<string, string>) =>
      auth.call("auth.v1.AuthService/Login", { email, password }, { headers });
    for (let i = 0; i < 5; i++) {
      const headers = { "x-forwarded-for": `203.0.113.${i}`, "x-gateway-token": "made.up.token" };
      expect((await direct(WRONG, headers)).reason).toBe("INVALID_CREDENTIALS");
    }
    expect((await direct(PASSWORD, { "x-forwarded-for": OWNER })).reason).toBe("INVALID_CREDENTIALS");
    expect((await logIn(email, PASSWORD, OWNER)).status).toBe(200);
  });
});

describe("of fifty logins at once", () => {
  type Login = (body: Json) => Promise<string>;
  const routes: [string, Login][] = [
    [
      "over HTTP",
      async (body) => String(outcomeOf(await api.send("POST /v1/auth/login:verifyMfa", { body }))),
    ],
    [
      "over gRPC",
      async (body) => {
        const { name, reason } = await auth.call("auth.v1.AuthService/VerifyMfa", body);
        return reason ?? (name === "OK" ? "ok" : name);
      },
    ],
  ];

  const challenges = ({ email }: Account) => repeat(AT_ONCE, () => mfaTokenOf(api, { email }));

  test.each(routes)("with one code, %s, one succeeds", async (_, verify) => {
    const patient = await signUp(api, "PATIENT");
    const authenticator = await secure(patient);
    const tokens = await challenges(patient);
    const code = authenticator.next();
    const outcomes = await Promise.all(tokens.map((mfaToken) => verify({ mfaToken, code })));
    expect(callStats(outcomes)).toEqual({ ok: 1, INVALID_MFA_CODE: AT_ONCE - 1 });
  });

  test.each(routes)("with one recovery code, %s, one succeeds", async (_, verify) => {
    const patient = await signUp(api, "PATIENT");
    const { secret } = await patient.client.setUpTotp();
    const body = { code: new Authenticator(String(secret)).next() };
    const { recoveryCodes } = await patient.client.activateTotp(body);
    const [recoveryCode] = recoveryCodes as string[];
    const tokens = await challenges(patient);
    const outcomes = await Promise.all(tokens.map((mfaToken) => verify({ mfaToken, recoveryCode })));
    expect(callStats(outcomes)).toEqual({ ok: 1, INVALID_MFA_CODE: AT_ONCE - 1 });
  });
});

describe("with a second factor required from doctors, and a short hash queue", () => {
  let strict: Api;
  const direct = new Grpc(stack.addresses.scheduling);

  beforeAll(async () => {
    const env = { MFA_REQUIRED_ROLES: "DOCTOR,ADMIN", HASH_CONCURRENCY: "1", HASH_QUEUE: "1" };
    const own = await startAuth(stack, env);
    const gateway = await startGateway(stack, {}, own.address);
    processes.push(own, gateway);
    strict = gateway.api;
  }, START_TIMEOUT_MS);
  afterAll(() => direct.close());

  test("a doctor without one can only set it up, on every service, until the next refresh", async () => {
    const doctor = await signUp(strict, "DOCTOR");
    const refused = { status: 403, reason: "MFA_ENROLLMENT_REQUIRED" };
    expect(refusal(await doctor.api.send("PATCH /v1/users/me", { body: { locale: "de" } }))).toEqual(refused);
    expect(refusal(await doctor.api.send("GET /v1/bookings"))).toEqual(refused);
    expect(refusal(await doctor.api.send("GET /v1/consultations"))).toEqual(refused);
    const { reason } = await direct.call("scheduling.v1.BookingService/ListBookings", {}, doctor);
    expect(reason).toBe("MFA_ENROLLMENT_REQUIRED");
    await secure(doctor);
    const body = { refreshToken: doctor.refreshToken };
    const { accessToken } = await strict.client.refreshToken(body);
    expect((await strict.as(String(accessToken)).send("GET /v1/bookings")).status).toBe(200);
  });

  test("a patient needs none", async () => {
    const patient = await signUp(strict, "PATIENT");
    expect((await patient.api.send("GET /v1/bookings")).status).toBe(200);
  });

  test("logins beyond the queue are refused at once, with Retry-After", async () => {
    const body = { email: `${randomUUID()}@example.org`, password: WRONG };
    const answers = await repeat(20, () => strict.send("POST /v1/auth/login", { body }));
    const counts = callStats(answers.map(outcomeOf));
    expect(counts.UNAVAILABLE).toBeGreaterThan(0);
    expect(counts.INVALID_CREDENTIALS).toBeGreaterThan(0);
    const refused = answers.find(({ status }) => status === 503)!;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("a second factor whose authenticator is lost", () => {
  test("is removed by an admin; the account's sessions end, and another can be set up", async () => {
    const [admin, patient] = [await signUpAdmin(api, stack), await signUp(api, "PATIENT")];
    await secure(patient);
    const answer = await admin.client.resetMfa({ userId: patient.id });
    expect(answer).toMatchObject({ id: patient.id, mfaEnabled: false });
    const body = { refreshToken: patient.refreshToken };
    expect(refusal(await api.send("POST /v1/auth/token:refresh", { body }))).toEqual({
      status: 401,
      reason: "INVALID_REFRESH_TOKEN",
    });
    const { email } = patient;
    const login = await api.client.login({ email, password: PASSWORD });
    expect(login).toHaveProperty("tokens");
    const again = await patient.api.send(`POST /v1/admin/users/${admin.id}:resetMfa`);
    expect(again.status).not.toBe(200);
  });
});
