import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Span } from "@medconnect/dev/traces/span.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { Answer } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { Collector } from "./collector.ts";
import { CANARIES, PrivateRequests, TRACEPARENT } from "./private-requests.ts";
import { commandLines, contentOf, GeneralLog, rowsOf } from "./traces-left.ts";

/** Names of the values in `CANARIES` that the databases store in plaintext. */
const ABOUT_PEOPLE = ["email", "verifiedEmail", "fullName", "phone", "dateOfBirth"];

let stack: OwnStack;
let collector: Collector;
let requests: PrivateRequests;
let statements: GeneralLog;
let said: string;
let processes: string;
let inRedis: string;

/** Sends all requests, then stops the processes, because they send their last spans when they stop. */
beforeAll(async () => {
  collector = await Collector.start();
  stack = await startOwnStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, EARLY_START: "30d" });
  statements = await GeneralLog.open(stack.urls.mysql);
  requests = await PrivateRequests.send(stack);
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
    const spans = traceOf(requests.answers.paid);
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
    const spans = traceOf(requests.answers.free);
    expect(servicesOf(spans)).toEqual(["clinical", "gateway", "scheduling"]);
    expect(namesOf(spans)).toContain("process booking.confirmed");
    expect(sqlOf(spans, "clinical").length).toBeGreaterThan(0);
  });

  test("also for a refusal", () => {
    expect(servicesOf(traceOf(requests.answers.refused))).toEqual(["auth", "gateway"]);
  });

  test("that continues the caller's", () => {
    const spans = traceOf(requests.answers.continued);
    const [, traceId, parentId] = TRACEPARENT.split("-");
    expect(spans[0]?.traceId).toBe(traceId);
    expect(spans.filter((span) => span.parentId === parentId).map(({ name }) => name)).toEqual([
      "GET /v1/bookings",
    ]);
  });

  test("whose statements have placeholders instead of values", () => {
    const texts = traceOf(requests.answers.free).flatMap(
      ({ attributes }) => attributes["db.query.text"] ?? [],
    );
    expect(texts.length).toBeGreaterThanOrEqual(3);
    for (const { id } of [requests.doctor, requests.patient]) expect(texts.join()).not.toContain(id);
  });
});

describe("what is private", () => {
  /** Returns the names of the secrets that a text contains, except the allowed ones. */
  const leaksIn = (text: string, ...allowed: string[]): string[] =>
    Object.entries(requests.secrets)
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
      expect(requests.refusals.join()).toContain(reason);
    }
    expect(leaksIn(requests.refusals.join("\n"), "reason")).toEqual([]);
  });

  test("is in no process's arguments", () => {
    expect(processes).toContain("dist/auth.cjs");
    expect(leaksIn(processes)).toEqual([]);
  });
});
