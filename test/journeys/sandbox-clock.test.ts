import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { type Account, mfaTokenOf, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { secure } from "../support/mfa.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { book, DAY_MS, FEE, HOUR_MS, MINUTE_MS, openPractice } from "../support/practice.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "clients/typescript/src/cli/main.ts");

/** Intervals after which no job runs during the test, so that all effects are those of the command. */
const RARE_SWEEPS = { HOLD_SWEEP: "1h", NO_SHOW_SWEEP: "1h", EXPIRY_CHECK_EVERY: "1h" };

let stack: OwnStack;
let api: Api;
let doctor: Account;
let patient: Account;

beforeAll(async () => {
  stack = await startOwnStack(RARE_SWEEPS, { sandboxClock: true });
  api = new Api(stack.urls.gateway);
  [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());

/** Runs `npm run clock` on the test's system. */
async function clock(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["dev/clock.ts", "--data-dir", stack.dataDir, ...args];
  return await promisify(execFile)(process.execPath, command, { cwd: ROOT }).then(
    (outcome) => ({ code: 0, ...outcome }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

/** Runs `medconnect clock` on the test's system. */
async function medconnectClock(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, STACK_JSON: stack.file, MEDCONNECT_SERVER: stack.urls.gateway };
  return await promisify(execFile)(process.execPath, [CLI, "clock", ...args], { env }).then(
    (outcome) => ({ code: 0, ...outcome }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

const businessTimeMs = (): number => Date.now() + readAdvances(stack.sandboxClock!);

/** Creates a slot that starts this long after now by business time. @returns its id */
async function offer(startsInMs: number): Promise<string> {
  const slot = slotAt(businessTimeMs() + startsInMs);
  return (await doctor.client.createSlot({ doctorId: doctor.id, ...slot })).id;
}

const slotAt = (startMs: number) => ({
  startTime: new Date(startMs),
  endTime: new Date(startMs + 30 * MINUTE_MS),
});

/** Books and pays for a slot. */
async function appointment(startsInMs: number) {
  const booked = await book(patient, await offer(startsInMs));
  const authorize = `POST /v1/payments/${booked.paymentId}:authorize`;
  await eventually(
    () => patient.api.send(authorize, { key: true, body: { paymentMethod: "pm_card_visa" } }),
    ({ status }) => status === 200,
  );
  await eventually(
    () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
    ({ status }) => status === 200,
  );
  return booked;
}

const until = (path: string, status: string): Promise<Json> =>
  eventually(
    () => patient.api.ok(`GET ${path}`),
    (answer) => answer.status === status,
  );

test("an appointment of tomorrow takes place after an advance, under the tokens from before it", async () => {
  const booked = await appointment(DAY_MS);
  const path = `/v1/consultations/${booked.consultationId}`;
  expect(refusal(await patient.api.send(`POST ${path}:join`))).toEqual({ status: 409, reason: "TOO_EARLY" });

  expect(await clock("advance", "24h")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("The jobs that became due have run."),
  });
  const { consultationId } = booked;
  expect(await patient.client.joinConsultation({ consultationId })).toMatchObject({ status: "WAITING" });
  expect(await doctor.client.startConsultation({ consultationId })).toMatchObject({ status: "IN_PROGRESS" });
  await doctor.client.completeConsultation({ consultationId, notes: "Well." });
  const prescription = await doctor.client.createPrescription({ consultationId, content: "Take with food." });
  expect(prescription).toMatchObject({ status: "ACTIVE" });
  await until(`/v1/bookings/${booked.id}`, "COMPLETED");
});

test("show prints the business time", async () => {
  const from = businessTimeMs();
  const { stdout } = await clock("show");
  const shown = Date.parse(/^Business time +(\S+)$/m.exec(stdout)?.[1] ?? "");
  expect(shown).toBeGreaterThanOrEqual(from);
  expect(shown).toBeLessThanOrEqual(businessTimeMs());
});

test("medconnect clock moves the same time, and prints it as JSON or as a table", async () => {
  const before = businessTimeMs();
  const advanced = await medconnectClock("advance", "2h");
  expect(advanced).toMatchObject({ code: 0, stderr: "" });
  const { from, to, failedJobs } = JSON.parse(advanced.stdout);
  expect(Date.parse(to) - Date.parse(from)).toBeGreaterThanOrEqual(2 * HOUR_MS);
  expect(failedJobs).toEqual([]);
  expect(businessTimeMs() - before).toBeGreaterThanOrEqual(2 * HOUR_MS);
  const shown = await medconnectClock("show", "--output", "table");
  expect(shown.stdout).toMatch(/^businessTime {2}\S+Z\nmachineTime {3}\S+Z\n$/);
});

test.each([
  ["soon", 'Say how far to advance, such as 30m, 24h or 7d, not "soon".'],
  ["1x", 'Say how far to advance, such as 30m, 24h or 7d, not "1x".'],
  ["401d", "One advance may be at most 400 days."],
])("medconnect clock advance %s is a usage error of medconnect", async (duration, message) => {
  const { code, stdout, stderr } = await medconnectClock("advance", duration);
  expect([code, stdout, stderr.split("\n").slice(1)]).toEqual([2, "", ["See medconnect clock --help.", ""]]);
  expect(stderr).toContain(message);
});

test("an advance past a hold ends it before the command answers", async () => {
  const { id } = await book(patient, await offer(2 * DAY_MS));
  expect(await patient.api.ok(`GET /v1/bookings/${id}`)).toMatchObject({ status: "PENDING_PAYMENT" });
  await clock("advance", "1h");
  const { status, feeDecision } = await patient.api.ok(`GET /v1/bookings/${id}`);
  // A read shows the end of a hold even before the sweep, but not its decision on the fee.
  expect({ status, feeDecision }).toEqual({ status: "EXPIRED", feeDecision: "RELEASE" });
});

test("an advance past an appointment records its no-show", async () => {
  const booked = await appointment(HOUR_MS);
  const consultation = `/v1/consultations/${booked.consultationId}`;
  await clock("advance", "50m");
  await patient.api.ok(`POST ${consultation}:join`);
  await clock("advance", "1d");
  expect(await patient.api.ok(`GET ${consultation}`)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "DOCTOR",
  });
  await until(`/v1/bookings/${booked.id}`, "NO_SHOW");
  await until(`/v1/payments/${booked.paymentId}`, "VOIDED");
});

test("tokens, refresh tokens and codes of an authenticator app are valid after an advance of a year", async () => {
  const user = await signUp(api, "PATIENT");
  const authenticator = await secure(user);
  await clock("advance", "365d");
  await user.api.ok("GET /v1/users/me");
  await api.ok("POST /v1/auth/token:refresh", { body: { refreshToken: user.refreshToken } });
  const mfaToken = await mfaTokenOf(api, user);
  const signedIn = await api.ok("POST /v1/auth/login:verifyMfa", {
    body: { mfaToken, code: authenticator.next() },
  });
  expect(signedIn).toHaveProperty("accessToken");
});

test("the audit trail keeps machine time", async () => {
  const { entries } = await patient.api.ok("GET /v1/users/me/access-log?includeOwn=true");
  expect(entries).not.toEqual([]);
  for (const { occurTime } of entries as Json[]) {
    expect(Date.parse(String(occurTime))).toBeLessThanOrEqual(Date.now());
  }
});

test("an advance is refused unless all services answer, and a restart keeps the time", async () => {
  const before = businessTimeMs();
  await stack.processes.scheduling.stop();
  const refused = await clock("advance", "1h");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("scheduling does not answer") });
  await stack.processes.scheduling.start();
  const create = (startMs: number) =>
    eventually(
      () => doctor.api.send(`POST /v1/doctors/${doctor.id}/slots`, { body: slotAt(startMs) }),
      ({ status }) => status < 500,
    );
  expect((await create(Date.now() + HOUR_MS)).body).toMatchObject({ reason: "INVALID_REQUEST" });
  expect((await create(before + HOUR_MS)).status).toBe(201);
  expect(businessTimeMs() - before).toBeLessThan(HOUR_MS);
});

test.each([
  [["advance", "0s"], "Business time moves forward only."],
  [["advance", "401d"], "One advance may be at most 400 days."],
  [["advance", "-1h"], "Unknown option '-1'"],
  [["advance", "soon"], 'Say how far to advance, such as 30m, 24h or 7d, not "soon".'],
  [["advance"], "Say how far to advance, such as 30m, 24h or 7d."],
  [["back", "1h"], 'Say show or advance, not "back".'],
  [["show", "1h"], "There are too many arguments."],
])("%j is refused, and moves nothing", async (args, message) => {
  const before = readAdvances(stack.sandboxClock!);
  expect(await clock(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  expect(readAdvances(stack.sandboxClock!)).toBe(before);
});
