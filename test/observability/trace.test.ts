import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { SERVICES } from "../../deploy/provision.ts";
import { type Account, signUp } from "../support/accounts.ts";
import { type Answer, Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { secure } from "../support/mfa.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { DAY_MS, FEE, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { Collector, type Span } from "./collector.ts";

/** What only those may see whom it is meant for. */
const CANARIES = {
  password: "canary-PASSWORD-4711",
  reason: "canary-REASON-4712",
  cancelReason: "canary-CANCEL-4713",
  notes: "canary-NOTES-4714",
  content: "canary-CONTENT-4715",
  abandonReason: "canary-ABANDON-4716",
  paymentMethod: "canary-METHOD-4717",
  idempotencyKey: "canary-KEY-4718",
};

/** As a caller that traces, too, would send it. */
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

let stack: OwnStack;
let collector: Collector;
let api: Api;
let doctor: Account;
let patient: Account;
const answers = {} as Record<"paid" | "free" | "refused" | "continued", Answer>;
const secrets: Record<string, string> = { ...CANARIES };

/** Everything happens first; a process that is told to stop sends the spans that it still has. */
beforeAll(async () => {
  collector = await Collector.start();
  stack = await startOwnStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, EARLY_START: "30d" });
  api = new Api(stack.urls.gateway);
  [doctor, patient] = await Promise.all([openPractice(api), signUp(api, "PATIENT", CANARIES)]);
  answers.refused = await patient.api.send("GET /v1/admin/users");
  answers.continued = await patient.api.send("GET /v1/bookings", { headers: { traceparent: TRACEPARENT } });
  await bookAndMeet();
  await refuse();
  await signInWithSecondFactor();
  await stack.processes.gateway.stop();
  for (const name of SERVICES) await stack.processes[name].stop();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
  collector?.stop();
}, START_TIMEOUT_MS);

describe("one request makes one trace", () => {
  /** The spans of an answer's trace, of which all but one have their parents in it. */
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
  /** From a span up to the first. */
  const wayUp = (spans: Span[], from: Span): string[] => {
    const parent = spans.find(({ spanId }) => spanId === from.parentId);
    return [`${from.service}: ${from.name}`, ...(parent ? wayUp(spans, parent) : [])];
  };

  test("from the gateway over scheduling and its SQL to billing, for a booking that has a fee", () => {
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

  test("also where it is refused", () => {
    expect(servicesOf(traceOf(answers.refused))).toEqual(["auth", "gateway"]);
  });

  test("that goes on with the caller's", () => {
    const spans = traceOf(answers.continued);
    const [, traceId, parentId] = TRACEPARENT.split("-");
    expect(spans[0]?.traceId).toBe(traceId);
    expect(spans.filter((span) => span.parentId === parentId).map(({ name }) => name)).toEqual([
      "GET /v1/bookings",
    ]);
  });

  test("whose statements have placeholders in place of values", () => {
    const texts = traceOf(answers.free).flatMap(({ attributes }) => attributes["db.query.text"] ?? []);
    expect(texts.length).toBeGreaterThan(3);
    for (const { id } of [doctor, patient]) expect(texts.join()).not.toContain(id);
  });
});

describe("what is private", () => {
  /** Which secrets a text holds. */
  const leaksIn = (text: string, ...allowed: string[]): string[] =>
    Object.entries(secrets)
      .filter(([name, secret]) => !allowed.includes(name) && text.includes(secret))
      .map(([name]) => name);

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

  test("is under no name and in no value in Redis", async () => {
    const redis = new Redis(stack.urls.redis);
    const all = await contentOf(redis);
    redis.disconnect();
    expect(all).toContain("medconnect:revocations");
    expect(leaksIn(all)).toEqual([]);
  });

  test("is nowhere in the databases as it was said", async () => {
    // People's e-mail addresses are what their accounts are found by.
    expect(leaksIn(await rowsOf(stack), "email")).toEqual([]);
  });
});

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
    5000,
  );

/** Says all there is to say. */
async function bookAndMeet(): Promise<void> {
  answers.free = await book(SOON_MS);
  const booking = answers.free.body;
  const consultation = `/v1/consultations/${booking.consultationId}`;
  await thereIs(consultation);
  await doctor.api.ok(`POST ${consultation}:start`);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: CANARIES.notes } });
  const body = { content: CANARIES.content, items: [{ medication: CANARIES.content }] };
  await doctor.api.ok(`POST ${consultation}/prescriptions`, { key: true, body });
  await doctor.api.ok("GET /v1/consultations");
  await patient.api.ok("GET /v1/prescriptions");
  const abandoned = `/v1/consultations/${(await book(DAY_MS)).body.consultationId}`;
  await thereIs(abandoned);
  await doctor.api.ok(`POST ${abandoned}:start`);
  await doctor.api.ok(`POST ${abandoned}:abandon`, { body: { reason: CANARIES.abandonReason } });
  await doctor.api.ok(`PATCH /v1/doctors/${doctor.id}`, { body: { fee: FEE } });
  answers.paid = await book(2 * DAY_MS);
  const { id, paymentId } = answers.paid.body;
  await thereIs(`/v1/payments/${paymentId}`);
  await patient.api.ok(`POST /v1/bookings/${id}:cancel`, { body: { reason: CANARIES.cancelReason } });
}

/** Says it where it is refused, by rules of fields and of business, and as what it is not. */
async function refuse(): Promise<void> {
  const { reason, notes, password, paymentMethod } = CANARIES;
  const { email } = patient;
  const anywhere = "/v1/consultations/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
  const attempts = [
    api.send("POST /v1/auth/login", { body: { email, password: `${password}!` } }),
    api.send("POST /v1/auth/login", { body: { email: password, password: 1 } }),
    api.send("POST /v1/auth/register", { body: { email, password, fullName: "Twin", role: "PATIENT" } }),
    api.send("POST /v1/auth/register", { body: { email: password, password: email, role: reason } }),
    api.as(password).send("GET /v1/users/me"),
    patient.api.send("POST /v1/bookings", { key: true, body: { slotId: reason, [reason]: reason } }),
    patient.api.send(`GET /v1/bookings/${reason}?${reason}=${reason}`),
    patient.api.send(`GET /v1/doctors?query=${reason}&pageToken=${reason}`),
    patient.api.send(`GET /v1/${reason}`),
    patient.api.send("POST /v1/bookings", { headers: { "content-type": reason }, body: reason }),
    doctor.api.send(`POST ${anywhere}:complete`, { body: { notes } }),
    doctor.api.send(`POST ${anywhere}:complete`, { body: { notes: notes.repeat(2000) } }),
    doctor.api.send(`POST ${anywhere}:abandon`, { body: { reason: CANARIES.abandonReason } }),
    patient.api.send("POST /v1/payments/0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21:authorize", {
      key: true,
      body: { paymentMethod },
    }),
  ];
  expect((await Promise.all(attempts)).map(({ status }) => status).filter((status) => status >= 500)).toEqual(
    [],
  );
}

async function signInWithSecondFactor(): Promise<void> {
  const someone = await signUp(api, "PATIENT", CANARIES);
  const authenticator = await secure(someone);
  const { email } = someone;
  const challenge = await api.ok("POST /v1/auth/login", { body: { email, password: CANARIES.password } });
  const code = authenticator.next();
  const tokens = await api.ok("POST /v1/auth/login:verifyMfa", {
    body: { mfaToken: challenge.mfaToken, code },
  });
  const renewed = await api.ok("POST /v1/auth/token:refresh", {
    body: { refreshToken: tokens.refreshToken },
  });
  await api.as(String(renewed.accessToken)).ok("POST /v1/auth/logout");
  Object.assign(secrets, {
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    mfaToken: challenge.mfaToken,
    totpSecret: authenticator.secret,
    email,
  });
}

/** Every name and value. */
async function contentOf(redis: Redis): Promise<string> {
  const contents = (await redis.keys("*")).map(async (name) => {
    switch (await redis.type(name)) {
      case "string":
        return [name, await redis.get(name)];
      case "zset":
        return [name, await redis.zrangebyscore(name, "-inf", "+inf")];
      case "hash":
        return [name, await redis.hgetall(name)];
      default:
        throw new Error(`${name} is of a type that this test cannot read`);
    }
  });
  return JSON.stringify(await Promise.all(contents));
}

/** Every row of every table of the system. */
async function rowsOf({ urls, schemaPrefix }: OwnStack): Promise<string> {
  const connection = await createConnection({ uri: urls.mysql });
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE ?",
    [`${schemaPrefix.replace("_", "\\_")}%`],
  );
  expect(tables.length).toBeGreaterThan(20);
  const texts: string[] = [];
  for (const { s, t } of tables) {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT * FROM ??.??", [s, t]);
    texts.push(
      JSON.stringify(rows, (_key, value) => (value?.type === "Buffer" ? latin1(value.data) : value)),
    );
  }
  await connection.end();
  return texts.join("\n");
}

const latin1 = (bytes: number[]): string => Buffer.from(bytes).toString("latin1");
