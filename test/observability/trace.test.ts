import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SERVICES } from "@medconnect/topology/services.ts";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { type Answer, Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { tokenOf as linkTokenOf, mailsTo } from "../support/mails.ts";
import { Authenticator } from "../support/mfa.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { begin, DAY_MS, FEE, HOUR_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import { Collector, type Span } from "./collector.ts";
import { commandLines, contentOf, GeneralLog, rowsOf } from "./traces-left.ts";

/** Private values that must not appear in any trace or log, or in the stores that the tests check. */
const CANARIES = {
  password: "canary-PASSWORD-4711",
  changedPassword: "canary-CHANGED-4719",
  resetPassword: "canary-RESET-4720",
  reason: "canary-REASON-4712",
  cancelReason: "canary-CANCEL-4713",
  notes: "canary-NOTES-4714",
  addendum: "canary-ADDENDUM-4723",
  content: "canary-CONTENT-4715",
  abandonReason: "canary-ABANDON-4716",
  endReason: "canary-END-4725",
  closeReason: "canary-CLOSE-4726",
  paymentMethod: "canary-METHOD-4717",
  idempotencyKey: "canary-KEY-4718",
  refundReason: "canary-REFUND-4721",
  emergency: "canary-EMERGENCY-4722",
  userAgent: "canary-AGENT-4723",
  fullName: "Nightingale-NAME-4724",
  phone: "+4930472540724",
  dateOfBirth: "1931-12-29",
};

/** Names of the values in `CANARIES` that the databases store in plaintext. */
const ABOUT_PEOPLE = ["email", "verifiedEmail", "fullName", "phone", "dateOfBirth"];

/** traceparent header of an external caller whose trace is recorded. */
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let stack: OwnStack;
let collector: Collector;
let api: Api;
let doctor: Account;
let patient: Account;
const answers = {} as Record<"paid" | "free" | "refused" | "continued", Answer>;
const secrets: Record<string, string> = { ...CANARIES };
let refusals: string[];
let statements: GeneralLog;
let said: string;
let processes: string;
let inRedis: string;

/** Sends all requests, then stops the processes, because they send their last spans when they stop. */
beforeAll(async () => {
  collector = await Collector.start();
  stack = await startOwnStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, EARLY_START: "30d" });
  statements = await GeneralLog.open(stack.urls.mysql);
  Object.assign(secrets, deploymentSecrets());
  api = new Api(stack.urls.gateway);
  [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT", CANARIES)]);
  answers.refused = await patient.api.send("GET /v1/admin/users");
  answers.continued = await patient.api.send("GET /v1/bookings", { headers: { traceparent: TRACEPARENT } });
  await tellAboutOneself();
  await bookAndMeet();
  await refuse();
  await signInWithSecondFactor();
  await forgetAndChangePasswords();
  await actAsAdmin();
  await registerAndVerify();
  processes = commandLines();
  // Waits for the list of revoked sessions. Auth writes the list to Redis each second, where it expires after
  // three seconds.
  inRedis = await eventually(
    () => contentOf(stack.urls.redis),
    (content) => content.includes("medconnect:revocation-list"),
  );
  await stack.processes.gateway.stop();
  for (const name of SERVICES) await stack.processes[name].stop();
  said = await statements.statements(stack.schemaPrefix);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await statements?.close();
  await stack?.stop();
  collector?.stop();
}, START_TIMEOUT_MS);

describe("one request makes one trace", () => {
  /** Returns the spans in the trace of a response. Each span except the root must have its parent there. */
  const traceOf = ({ headers }: Answer): Span[] => {
    const spans = collector.trace(headers.get("x-trace-id") ?? "");
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(ids.size).toBe(spans.length);
    expect(spans.filter(({ parentId }) => !ids.has(parentId)).map(({ service }) => service)).toEqual([
      "gateway",
    ]);
    return spans;
  };
  const servicesOf = (spans: Span[]) => [...new Set(spans.map(({ service }) => service))].toSorted();
  const namesOf = (spans: Span[]) => spans.map(({ name }) => name);
  const sqlOf = (spans: Span[], service: string): Span[] =>
    spans.filter((span) => span.service === service && span.attributes["db.system.name"] === "mysql");
  /** Names of a span and of its ancestors, up to the root. */
  const wayUp = (spans: Span[], from: Span): string[] => {
    const parent = spans.find(({ spanId }) => spanId === from.parentId);
    return [`${from.service}: ${from.name}`, ...(parent ? wayUp(spans, parent) : [])];
  };

  test("from the gateway through scheduling and its SQL to billing, for a booking with a fee", () => {
    const spans = traceOf(answers.paid);
    expect(servicesOf(spans)).toEqual(["billing", "gateway", "scheduling"]);
    const ways = sqlOf(spans, "scheduling").map((statement) => wayUp(spans, statement).slice(1));
    expect(ways).toContainEqual([
      "scheduling: medconnect.scheduling.v1.BookingService/CreateBooking",
      "gateway: medconnect.scheduling.v1.BookingService/CreateBooking",
      "gateway: POST /v1/bookings",
    ]);
    expect(namesOf(spans)).toContain("process booking.held");
    expect(sqlOf(spans, "billing").length).toBeGreaterThan(0);
  });

  test("and to clinical, for a free booking", () => {
    const spans = traceOf(answers.free);
    expect(servicesOf(spans)).toEqual(["clinical", "gateway", "scheduling"]);
    expect(namesOf(spans)).toContain("process booking.confirmed");
    expect(sqlOf(spans, "clinical").length).toBeGreaterThan(0);
  });

  test("also for a refusal", () => {
    expect(servicesOf(traceOf(answers.refused))).toEqual(["auth", "gateway"]);
  });

  test("that continues the caller's", () => {
    const spans = traceOf(answers.continued);
    const [, traceId, parentId] = TRACEPARENT.split("-");
    expect(spans[0]?.traceId).toBe(traceId);
    expect(spans.filter((span) => span.parentId === parentId).map(({ name }) => name)).toEqual([
      "GET /v1/bookings",
    ]);
  });

  test("whose statements have placeholders instead of values", () => {
    const texts = traceOf(answers.free).flatMap(({ attributes }) => attributes["db.query.text"] ?? []);
    expect(texts.length).toBeGreaterThanOrEqual(3);
    for (const { id } of [doctor, patient]) expect(texts.join()).not.toContain(id);
  });
});

describe("what is private", () => {
  /** Returns the names of the secrets that a text contains, except the allowed ones. */
  const leaksIn = (text: string, ...allowed: string[]): string[] =>
    Object.entries(secrets)
      .filter(([name, secret]) => !allowed.includes(name) && mentions(text, secret))
      .map(([name]) => name);
  /**
   * True if a text contains a secret. A six-digit code counts only if it is not part of a longer number,
   * because a long number may contain any six digits by chance.
   */
  const mentions = (text: string, secret: string): boolean =>
    /^\d{6}$/.test(secret) ? new RegExp(`(?<![\\w.])${secret}(?!\\w)`).test(text) : text.includes(secret);

  test("is in no span", () => {
    const all = Buffer.concat(collector.received).toString("latin1");
    expect(all).toContain("BookingService/CreateBooking");
    expect(leaksIn(all)).toEqual([]);
  });

  test("is in no log", () => {
    const files = readdirSync(stack.logs);
    expect(files).toEqual(
      expect.arrayContaining(["auth.log", "clinical.log", "gateway.log", "scheduling.log"]),
    );
    for (const file of files) {
      const text = readFileSync(join(stack.logs, file), "utf8");
      expect({ file, leaks: leaksIn(text) }).toEqual({ file, leaks: [] });
    }
    expect(readFileSync(join(stack.logs, "gateway.log"), "utf8")).toContain("/v1/bookings");
  });

  test("is in no key or value of Redis", () => {
    expect(leaksIn(inRedis)).toEqual([]);
  });

  test("is nowhere in the databases in plaintext", async () => {
    const rows = await rowsOf(stack);
    expect(rows).toContain(CANARIES.fullName);
    expect(leaksIn(rows, ...ABOUT_PEOPLE)).toEqual([]);
  });

  test("is in no statement to the databases, which could log it", () => {
    expect(said).toContain("INSERT INTO bookings");
    expect(leaksIn(said, ...ABOUT_PEOPLE)).toEqual([]);
  });

  test("is not repeated in refusals, except for unknown field names", () => {
    for (const reason of ["INVALID_CREDENTIALS", "REFUND_EXCEEDS_CAPTURED"]) {
      expect(refusals.join()).toContain(reason);
    }
    expect(leaksIn(refusals.join("\n"), "reason")).toEqual([]);
  });

  test("is in no process's arguments", () => {
    expect(processes).toContain("dist/auth.cjs");
    expect(leaksIn(processes)).toEqual([]);
  });
});

/** Secrets in the settings of the processes, by name. */
function deploymentSecrets(): Record<string, string> {
  const flatten = (name: string, value: object | string): [string, string][] =>
    typeof value === "string"
      ? [[name, value]]
      : Object.entries(value).flatMap(([key, inner]) => flatten(`${name}.${key}`, inner));
  const made = JSON.parse(readFileSync(join(stack.dataDir, "secrets.json"), "utf8"));
  return Object.fromEntries(flatten("deployment", made));
}

async function book(startsInMs: number): Promise<Answer> {
  const body = { slotId: await offer(doctor, startsInMs), reason: CANARIES.reason };
  return await patient.api.send("POST /v1/bookings", {
    key: `${CANARIES.idempotencyKey}-${startsInMs}`,
    body,
  });
}

const thereIs = (path: string): Promise<Answer> =>
  eventually(
    () => patient.api.send(`GET ${path}`),
    ({ status }) => status === 200,
  );

async function tellAboutOneself(): Promise<void> {
  const { fullName, phone, dateOfBirth } = CANARIES;
  await patient.api.ok("PATCH /v1/users/me", { body: { fullName, phone, dateOfBirth } });
}

/** Sends the private values in valid requests, from the booking to the completed consultation. */
async function bookAndMeet(): Promise<void> {
  answers.free = await book(SOON_MS);
  const booking = answers.free.body;
  const consultation = `/v1/consultations/${booking.consultationId}`;
  await thereIs(consultation);
  await begin(patient, doctor, String(booking.consultationId));
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: CANARIES.notes } });
  await doctor.api.ok(`POST ${consultation}/addenda`, { body: { text: CANARIES.addendum } });
  const body = { content: CANARIES.content, items: [{ medication: CANARIES.content }] };
  const { id: prescriptionId } = await doctor.api.ok(`POST ${consultation}/prescriptions`, {
    key: true,
    body,
  });
  await doctor.api.ok(`POST /v1/prescriptions/${prescriptionId}:stop`, {
    body: { reason: CANARIES.endReason },
  });
  await doctor.api.ok("GET /v1/consultations");
  await patient.api.ok("GET /v1/prescriptions");
  const { consultationId } = (await book(DAY_MS)).body;
  const abandoned = `/v1/consultations/${consultationId}`;
  await thereIs(abandoned);
  await begin(patient, doctor, String(consultationId));
  await doctor.api.ok(`POST ${abandoned}:abandon`, { body: { reason: CANARIES.abandonReason } });
  await doctor.api.ok(`PATCH /v1/doctors/${doctor.id}`, { body: { fee: FEE } });
  answers.paid = await book(2 * DAY_MS);
  const { id, paymentId } = answers.paid.body;
  await thereIs(`/v1/payments/${paymentId}`);
  await patient.api.ok(`POST /v1/bookings/${id}:cancel`, { body: { reason: CANARIES.cancelReason } });
}

/** Sends the private values in requests that are refused, for invalid fields or by business rules. */
async function refuse(): Promise<void> {
  const { reason, notes, password, paymentMethod, fullName, phone, dateOfBirth } = CANARIES;
  const { email } = patient;
  const anywhere = "/v1/consultations/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
  const attempts = [
    api.send("POST /v1/auth/login", { body: { email, password: `${password}!` } }),
    api.send("POST /v1/auth/login", { body: { email: password, password: 1 } }),
    api.send("POST /v1/auth/register", { body: { email, password, fullName: "Twin", role: "PATIENT" } }),
    api.send("POST /v1/auth/register", { body: { email: password, password: email, role: reason } }),
    api.as(password).send("GET /v1/users/me"),
    patient.api.send("PATCH /v1/users/me", { body: { fullName: `${fullName}\n`, phone: `${phone}-` } }),
    patient.api.send("PATCH /v1/users/me", { body: { dateOfBirth: `${dateOfBirth}T00:00` } }),
    patient.api.send("PATCH /v1/users/me", { body: { fullName, phone, dateOfBirth, etag: "old" } }),
    patient.api.send(`GET /v1/admin/users?query=${fullName}`),
    patient.api.send("POST /v1/bookings", { key: true, body: { slotId: reason, [reason]: reason } }),
    patient.api.send(`GET /v1/bookings/${reason}?${reason}=${reason}`),
    patient.api.send(`GET /v1/doctors?query=${reason}&pageToken=${reason}`),
    patient.api.send(`GET /v1/${reason}`),
    patient.api.send("POST /v1/bookings", { headers: { "content-type": reason }, body: reason }),
    doctor.api.send(`POST ${anywhere}:complete`, { body: { notes } }),
    doctor.api.send(`POST ${anywhere}:complete`, { body: { notes: notes.repeat(2000) } }),
    doctor.api.send(`POST ${anywhere}/addenda`, { body: { text: CANARIES.addendum } }),
    doctor.api.send(`POST ${anywhere}:abandon`, { body: { reason: CANARIES.abandonReason } }),
    patient.api.send("POST /v1/bookings/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21:cancel", {
      body: { reason: CANARIES.cancelReason },
    }),
    patient.api.send("POST /v1/payments/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21:authorize", {
      key: true,
      body: { paymentMethod },
    }),
  ];
  const refused = await Promise.all(attempts);
  expect(refused.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
  refusals = refused.map(({ text }) => text);
}

async function signInWithSecondFactor(): Promise<void> {
  const someone = await signUp(api, "PATIENT", CANARIES);
  const { email } = someone;
  const { secret } = await someone.api.ok("POST /v1/auth/mfa/totp");
  const authenticator = new Authenticator(String(secret));
  const activated = await someone.api.ok("POST /v1/auth/mfa/totp:activate", {
    body: { code: authenticator.next() },
  });
  const [recoveryCode, unusedRecoveryCode] = activated.recoveryCodes as string[];
  const challenge = await api.ok("POST /v1/auth/login", { body: { email, password: CANARIES.password } });
  const code = authenticator.next();
  const tokens = await api.ok("POST /v1/auth/login:verifyMfa", {
    body: { mfaToken: challenge.mfaToken, code },
  });
  const renewed = await api.ok("POST /v1/auth/token:refresh", {
    body: { refreshToken: tokens.refreshToken },
  });
  await api.as(String(renewed.accessToken)).ok("POST /v1/auth/logout");
  const again = await api.ok("POST /v1/auth/login", { body: { email, password: CANARIES.password } });
  await api.ok("POST /v1/auth/login:verifyMfa", {
    body: { mfaToken: again.mfaToken, recoveryCode },
    headers: { "user-agent": CANARIES.userAgent },
  });
  Object.assign(secrets, {
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    mfaToken: challenge.mfaToken,
    totpSecret: authenticator.secret,
    totpCode: code,
    recoveryCode,
    unusedRecoveryCode,
    email,
  });
}

/**
 * Registers an account, and verifies its address with the link in the mail. This must be the last call,
 * because it changes auth's settings.
 */
async function registerAndVerify(): Promise<void> {
  const { auth } = stack.processes;
  await auth.stop();
  auth.env.EMAIL_VERIFICATION = "required";
  await auth.start();
  const { password, fullName } = CANARIES;
  const email = `verified-${randomUUID()}@example.org`;
  const body = { email, password, fullName, role: "PATIENT" };
  const registered = await eventually(
    () => api.send("POST /v1/auth/register", { body }),
    ({ status }) => status < 500,
    START_TIMEOUT_MS,
  );
  expect(registered.status).toBe(202);
  const [mail] = await mailsTo(stack, email, 1);
  const verifyToken = linkTokenOf(mail!);
  const wrong = await api.send("POST /v1/auth/email:verify", {
    body: { token: verifyToken, password: `${password}!` },
  });
  refusals.push(wrong.text);
  await api.ok("POST /v1/auth/email:verify", { body: { token: verifyToken, password } });
  Object.assign(secrets, { verifyToken, verifiedEmail: email });
}

async function forgetAndChangePasswords(): Promise<void> {
  const someone = await signUp(api, "PATIENT", CANARIES);
  const { changedPassword, resetPassword, password } = CANARIES;
  await someone.api.ok("POST /v1/users/me/password:change", {
    body: { currentPassword: password, newPassword: changedPassword },
  });
  const { email } = someone;
  await api.ok("POST /v1/auth/password:forgot", { body: { email } });
  const mails = await mailsTo(stack, email, 2);
  const resetToken = linkTokenOf(mails.find(({ link }) => link?.includes("token="))!);
  await api.ok("POST /v1/auth/password:reset", { body: { token: resetToken, password: resetPassword } });
  Object.assign(secrets, { resetToken });
}

/**
 * Books, pays and cancels after the cut-off, and waits until the fee is captured.
 *
 * @returns the path of the payment
 */
async function cancelLate(): Promise<string> {
  const { id, paymentId } = (await book(2 * HOUR_MS)).body;
  const payment = `/v1/payments/${paymentId}`;
  const untilStatus = (path: string, status: string) =>
    eventually(
      () => patient.api.send(`GET ${path}`),
      ({ body }) => body.status === status,
    );
  await thereIs(payment);
  await patient.api.ok(`POST ${payment}:authorize`, { key: true, body: { paymentMethod: "pm_card_visa" } });
  await untilStatus(`/v1/bookings/${id}`, "CONFIRMED");
  await patient.api.ok(`POST /v1/bookings/${id}:cancel`, { body: { reason: CANARIES.cancelReason } });
  await untilStatus(payment, "CAPTURED");
  return payment;
}

async function actAsAdmin(): Promise<void> {
  const admin = await signUpAdmin(api, stack, stack.schemaPrefix);
  const refunds = `${await cancelLate()}/refunds`;
  const refund = { amountMinor: "1", reason: CANARIES.refundReason };
  await admin.api.ok(`POST ${refunds}`, { key: true, body: refund });
  const tooMuch = await admin.api.send(`POST ${refunds}`, {
    key: true,
    body: { ...refund, amountMinor: "99999" },
  });
  refusals.push(tooMuch.text);
  expect((await patient.api.ok(`GET ${refunds}`)).refunds).toMatchObject([{ reason: refund.reason }]);
  const close = { outcome: "NO_SHOW_BOTH", feeDecision: "RELEASE", reason: CANARIES.closeReason };
  const closed = await admin.api.send(`POST /v1/bookings/${answers.free!.body.id}:close`, { body: close });
  expect(closed.body.reason).toBe("ILLEGAL_TRANSITION");
  refusals.push(closed.text);
  const { emergency: reason } = CANARIES;
  await admin.api.ok("POST /v1/admin/break-glass", { body: { patientId: patient.id, reason } });
  const system = await makeServiceAccount(admin);
  Object.assign(secrets, { clientSecret: system.secret, clientToken: await system.token() });
}
