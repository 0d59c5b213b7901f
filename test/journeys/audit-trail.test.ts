import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Booked, begin, book, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let admin: Account;
let doctor: Account;
let patient: Account;
let booked: Booked;
/** Start of the period whose audit events the test reads. */
const startTime = new Date().toISOString();

beforeAll(async () => {
  admin = await signUpAdmin(api, stack);
  doctor = await openPractice(api, { fee: { currencyCode: "USD", amountMinor: "5000" } });
  patient = await signUp(api, "PATIENT");
  booked = await book(patient, await offer(doctor, SOON_MS));
  const card = { paymentMethod: "pm_card_visa" };
  await patient.client.authorizePayment({ paymentId: booked.paymentId, ...card });
  await begin(patient, doctor, booked.consultationId);
  const body = { notes: "All well." };
  await doctor.client.completeConsultation({ consultationId: booked.consultationId, ...body });
});

describe("the audit trail", () => {
  /** Reads the audit events of all pages. */
  const readAll = async (filters: Record<string, string>, pageSize: number): Promise<Json[]> => {
    const events: Json[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ ...filters, pageSize: `${pageSize}`, pageToken });
      const page = await admin.api.ok(`GET /v1/admin/audit-events?${query}`);
      events.push(...(page.auditEvents as Json[]));
      expect((page.auditEvents as Json[]).length).toBeLessThanOrEqual(pageSize);
      pageToken = String(page.nextPageToken);
    } while (pageToken !== "");
    return events;
  };
  const idsOf = (events: Json[]) => events.map(({ id }) => id);
  /**
   * Expects that `events` has no duplicates, has all events of `before`, and has only events of `after`. The
   * three lists were read in the order `before`, `events`, `after`, and other tests may add events meanwhile.
   */
  function expectBetween(before: Json[], events: Json[], after: Json[]): void {
    const ids = idsOf(events);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(idsOf(before)));
    expect(idsOf(after)).toEqual(expect.arrayContaining(ids));
  }
  /** End of the period whose audit events the test reads. */
  let endTime: string;
  const ofPatient = () => ({ subjectId: patient.id, startTime, endTime });

  beforeAll(() => {
    endTime = new Date().toISOString();
  });

  test("shows one journey across the services, newest first, in one list", async () => {
    const events = await readAll(ofPatient(), 100);
    expect(new Set(events.map(({ service }) => service))).toEqual(
      new Set(["auth", "scheduling", "billing", "clinical"]),
    );
    const actions = events.map(({ action }) => action);
    for (const action of [
      "user.register",
      "session.login",
      "booking.create",
      "payment.authorize",
      "consultation.start",
      "consultation.complete",
    ]) {
      expect(actions).toContain(action);
    }
    const times = events.map(({ occurTime }) => Date.parse(String(occurTime)));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test.each([1, 2, 3, 7])("in pages of %i has each event once", async (pageSize) => {
    const whole = await readAll(ofPatient(), 100);
    const paged = await readAll(ofPatient(), pageSize);
    expect(idsOf(paged)).toEqual(idsOf(whole));
    expect(new Set(idsOf(paged)).size).toBe(whole.length);
  });

  test("pages the trail of all users without loss or duplicates while it grows", async () => {
    const before = await readAll({ startTime, endTime }, 100);
    const growing = Promise.all(Array.from({ length: 20 }, () => patient.client.listBookings()));
    const paged = await readAll({ startTime, endTime }, 9);
    await growing;
    expectBetween(before, paged, await readAll({ startTime, endTime }, 100));
  });

  test.each<[string, () => Record<string, string>, (event: Json) => boolean]>([
    ["actor", () => ({ actorId: doctor.id }), ({ actorId }) => actorId === doctor.id],
    [
      "subject",
      () => ({ subjectId: doctor.id }),
      ({ subjectIds }) => (subjectIds as string[]).includes(doctor.id),
    ],
    ["action", () => ({ action: "booking.create" }), ({ action }) => action === "booking.create"],
    ["service", () => ({ service: "billing" }), ({ service }) => service === "billing"],
  ])("is filtered by %s", async (_by, filter, matches) => {
    const before = (await readAll({ startTime, endTime }, 100)).filter(matches);
    expect(before.length).toBeGreaterThan(0);
    const filtered = await readAll({ startTime, endTime, ...filter() }, 100);
    expectBetween(before, filtered, (await readAll({ startTime, endTime }, 100)).filter(matches));
  });

  test.each(["actorId", "action"])("refuses a %s that no event can have", async (filter) => {
    const answer = await admin.api.send(`GET /v1/admin/audit-events?${filter}=%C3%A9`);
    expect(refusal(answer)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
  });

  test.each([3, 10_000])("exports the listed events, %i lines at a time", async (pageSize) => {
    const exported: Json[] = [];
    let pageToken = "";
    do {
      const query = new URLSearchParams({ ...ofPatient(), pageSize: `${pageSize}`, pageToken });
      const { text } = await admin.api.send(`GET /v1/admin/audit-events:export?${query}`);
      const lines: Json[] = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      exported.push(...lines.slice(0, -1));
      pageToken = String(lines.at(-1)!.nextPageToken);
    } while (pageToken !== "");
    expect(exported).toEqual(await readAll(ofPatient(), 100));
  });

  test("refuses a page token under other filters", async () => {
    const { nextPageToken } = await admin.client.listAuditEvents({ pageSize: 1 });
    const query = new URLSearchParams({ pageToken: String(nextPageToken), service: "auth" });
    expect(refusal(await admin.api.send(`GET /v1/admin/audit-events?${query}`))).toEqual({
      status: 400,
      reason: "INVALID_PAGE_TOKEN",
    });
  });

  test("records its own lists and exports, with their subject, in every service", async () => {
    const asked = new URLSearchParams({ subjectId: doctor.id, pageSize: "1" });
    for (const [path, action] of [
      ["audit-events", "audit.list"],
      ["audit-events:export", "audit.export"],
    ] as const) {
      const { headers } = await admin.api.send(`GET /v1/admin/${path}?${asked}`);
      const lines = await readAll({ actorId: admin.id, action, startTime }, 100);
      const own = lines.filter(({ traceId }) => traceId === headers.get("x-trace-id"));
      expect(own.map(({ service }) => service).toSorted()).toEqual([
        "auth",
        "billing",
        "clinical",
        "scheduling",
      ]);
      for (const line of own) {
        expect(line).toMatchObject({ resource: "audit-events", subjectIds: [doctor.id], outcome: "SUCCESS" });
      }
    }
  });

  test("has the request id and trace id of each event", async () => {
    const read = await doctor.api.send(`GET /v1/consultations/${booked.consultationId}`, {
      headers: { "x-request-id": "audited-1" },
    });
    const query = new URLSearchParams({ actorId: doctor.id, action: "consultation.get" });
    const { auditEvents } = await admin.api.ok(`GET /v1/admin/audit-events?${query}`);
    expect((auditEvents as Json[])[0]).toMatchObject({
      outcome: "SUCCESS",
      requestId: "audited-1",
      traceId: read.headers.get("x-trace-id"),
    });
  });

  test("records a denied request", async () => {
    await patient.api.send("GET /v1/admin/users");
    const query = new URLSearchParams({ actorId: patient.id, action: "user.list" });
    await eventually(
      () => admin.api.ok(`GET /v1/admin/audit-events?${query}`),
      ({ auditEvents }) => (auditEvents as Json[]).some(({ outcome }) => outcome === "DENIED"),
    );
  });
});
