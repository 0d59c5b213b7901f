import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { ProcessName } from "@medconnect/topology/services.ts";
import { PROCESSES, SERVICES } from "@medconnect/topology/services.ts";
import manifest from "../../package.json" with { type: "json" };
import { signUp } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { book, DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";
import { type Labels, type Sample, type Scrapes, scrapeAll } from "./scrape.ts";

const { urls } = sharedStack();
const api = new Api(urls.gateway);

/** Adds up the samples of a metric that have these labels. */
function sum(samples: Sample[], wanted: string, labels: Labels = {}): number {
  return samples
    .filter(({ name }) => name === wanted)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((total, { value }) => total + value, 0);
}

let before: Scrapes;
let after: Scrapes;

const grown = (process: ProcessName, name: string, labels?: Labels): number =>
  sum(after[process], name, labels) - sum(before[process], name, labels);

beforeAll(async () => {
  before = await scrapeAll();
  const doctor = await openPractice(api, { fee: FEE });
  const patient = await signUp(api, "PATIENT");
  const { paymentId } = await book(patient, await offer(doctor, 2 * DAY_MS));
  const body = { paymentMethod: "pm_card_visa" };
  await patient.api.ok(`POST /v1/payments/${paymentId}:authorize`, { key: true, body });
  await patient.api.send("GET /v1/bookings/not-an-id");
  // The gateway counts a request only after it has sent the response. So the metrics are read repeatedly,
  // until this request shows.
  const bad = { http_route: "/v1/bookings/{bookingId}", http_request_method: "GET" };
  // The calls above cause several events. The last one is scheduling's event to clinical, after billing's
  // event about the payment. So the metrics are read until this event shows.
  const last = { destination: "clinical", result: "applied" };
  after = await eventually(
    scrapeAll,
    (now) =>
      sum(now.gateway, COUNT_HTTP, bad) > sum(before.gateway, COUNT_HTTP, bad) &&
      sum(now.scheduling, DELIVERED, last) > sum(before.scheduling, DELIVERED, last),
  );
});

const COUNT_HTTP = "http_server_request_duration_seconds_count";
const DELIVERED = "outbox_delivered_total";
const COUNT_RPC = "rpc_server_call_duration_seconds_count";

describe("rate, errors and duration", () => {
  test("the gateway's requests are counted by route, and its responses by status", () => {
    const made = { http_request_method: "POST", http_route: "/v1/bookings" };
    expect(grown("gateway", COUNT_HTTP, made)).toBeGreaterThanOrEqual(1);
    expect(grown("gateway", "http_server_request_duration_seconds_sum", made)).toBeGreaterThan(0);
    expect(grown("gateway", "http_server_request_duration_seconds_bucket", { ...made, le: "+Inf" })).toBe(
      grown("gateway", COUNT_HTTP, made),
    );
    for (const http_response_status_code of ["201", "400"]) {
      expect(
        grown("gateway", "http_server_responses_total", { http_response_status_code }),
      ).toBeGreaterThanOrEqual(1);
    }
  });

  test.each([
    ["auth", "medconnect.auth.v1.AuthService/Login"],
    ["scheduling", "medconnect.scheduling.v1.BookingService/CreateBooking"],
    ["clinical", "medconnect.events.v1.EventService/DeliverEvents"],
    ["billing", "medconnect.billing.v1.PaymentService/AuthorizePayment"],
  ] as const)("of the calls to %s are told by method and status", (service, method) => {
    expect(
      grown(service, COUNT_RPC, { rpc_method: method, rpc_response_status_code: "OK" }),
    ).toBeGreaterThanOrEqual(1);
    expect(grown(service, "rpc_server_call_duration_seconds_sum", { rpc_method: method })).toBeGreaterThan(0);
  });

  test("a refusal counts under its status and reason", () => {
    const refused = {
      rpc_method: "medconnect.scheduling.v1.BookingService/GetBooking",
      rpc_response_status_code: "INVALID_ARGUMENT",
      error_type: "INVALID_REQUEST",
    };
    expect(grown("scheduling", COUNT_RPC, refused)).toBeGreaterThanOrEqual(1);
  });
});

test.each(SERVICES)("%s exposes the use of its database connections", (service) => {
  for (const pool of ["reads", "writes"]) {
    const labels = { db_client_connection_pool_name: pool };
    const open = sum(after[service], "db_client_connections", labels);
    expect(open).toBeGreaterThan(0);
    const used = sum(after[service], "db_client_connections", {
      ...labels,
      db_client_connection_state: "used",
    });
    expect(used).toBeGreaterThanOrEqual(0);
    expect(used).toBeLessThanOrEqual(open);
    expect(open).toBeLessThanOrEqual(sum(after[service], "db_client_connection_max", labels));
  }
});

test.each([
  ["scheduling", "mysql", "BATCH"],
  ["scheduling", "mysql", "SELECT"],
  ["auth", "redis", "SET"],
  ["gateway", "redis", "GET"],
] as const)("%s times its round trips to %s: %s", (service, system, operation) => {
  const labels = { db_system_name: system, db_operation_name: operation };
  const { [service]: samples } = after;
  expect(sum(samples, "db_client_operation_duration_seconds_count", labels)).toBeGreaterThan(0);
  expect(sum(samples, "db_client_operation_duration_seconds_sum", labels)).toBeGreaterThan(0);
});

test.each(PROCESSES)("%s exposes its release, resources and runtime", (service) => {
  const value = (metric: string, labels?: Labels) => sum(after[service], metric, labels);
  expect(value("build_info", { version: manifest.version })).toBe(1);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(2 ** 25);
  expect(value("process_virtual_memory_bytes")).toBeGreaterThan(2 ** 25);
  const startedAgo = Date.now() / 1000 - value("process_start_time_seconds");
  expect(startedAgo).toBeGreaterThan(0);
  expect(startedAgo).toBeLessThan(2 * 3600);
  expect(value("process_open_fds")).toBeGreaterThan(5);
  expect(value("process_open_fds")).toBeLessThan(value("process_max_fds"));
  const active = { nodejs_eventloop_state: "active" };
  expect(value("nodejs_eventloop_time_seconds_total", active)).toBeGreaterThan(0);
  const delays = ["p50", "p99", "max"].map((name) => value(`nodejs_eventloop_delay_${name}_seconds`));
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
  expect(delays.at(-1)).toBeGreaterThan(0);
  expect(value("v8js_memory_heap_used_bytes", { v8js_heap_space_name: "old_space" })).toBeGreaterThan(
    2 ** 20,
  );
  expect(value("v8js_gc_duration_seconds_count", { v8js_gc_type: "minor" })).toBeGreaterThan(0);
});

test.each(SERVICES)("%s exposes the age of its last checkpoint at the witness", (service) => {
  const told = after[service].filter(({ name }) => name === "audit_checkpoint_age_seconds");
  expect(told).toHaveLength(1);
  expect(told[0]!.value).toBeGreaterThanOrEqual(0);
  expect(told[0]!.value).toBeLessThan(60);
});

test.each([
  ["scheduling", "billing"],
  ["scheduling", "clinical"],
  ["billing", "scheduling"],
  ["auth", "scheduling"],
] as const)("%s counts events delivered to %s", (service, destination) => {
  const labels = { destination, result: "applied" };
  expect(grown(service, DELIVERED, labels)).toBeGreaterThanOrEqual(1);
});

test.each([
  ["auth", "user.register"],
  ["scheduling", "booking.create"],
  ["billing", "payment.authorize"],
] as const)("%s counts its changes: %s", (service, action) => {
  expect(grown(service, "changes_total", { action })).toBeGreaterThanOrEqual(1);
});

test("repeated changes and reads do not count as changes", async () => {
  const doctor = await openPractice(api);
  const { id } = await book(await signUp(api, "PATIENT"), await offer(doctor, 2 * DAY_MS));
  for (let i = 0; i < 2; i++) await doctor.api.ok(`POST /v1/bookings/${id}:cancel`);
  const { scheduling } = await scrapeAll();
  const actions = scheduling
    .filter(({ name }) => name === "changes_total")
    .map(({ labels }) => labels.action);
  expect(actions).toContain("booking.cancel");
  expect(actions).not.toContain("booking.get");
});

test.each(["payment", "refund"])("billing reports how long a %s has waited for processing", (kind) => {
  for (const name of ["payment_processing_waiting", "payment_processing_age_seconds"]) {
    const told = after.billing.filter(
      (sample) => sample.name === name && sample.labels.kind === kind && sample.labels.state !== "stopped",
    );
    expect(told).toHaveLength(1);
    expect(told[0]!.value).toBeGreaterThanOrEqual(0);
  }
});

test("scheduling exposes the number and age of pending licences", () => {
  for (const name of ["licenses_pending", "licenses_pending_age_seconds"]) {
    const told = after.scheduling.filter((sample) => sample.name === name);
    expect(told).toHaveLength(1);
    expect(told[0]!.value).toBeGreaterThanOrEqual(0);
  }
});

test("unknown paths and ids do not become labels", async () => {
  const tag = randomUUID();
  await api.send(`GET /v1/${tag}`);
  await api.send(`GET /v1/doctors/${tag}`);
  await api.send(`GET /v1/doctors?${tag}=1`);
  const labels = Object.values(await scrapeAll()).flatMap((samples) =>
    samples.map((sample) => sample.labels),
  );
  expect(JSON.stringify(labels)).not.toContain(tag);
});
