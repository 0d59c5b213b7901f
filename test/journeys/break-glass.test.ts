import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Booked, begin, book, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const NOTES = "Allergic to penicillin.";
const REASON = "Found unconscious; the emergency room asks for allergies";

/** Maximum time for the preparation of the records. Only a busy machine needs that long. */
const PREPARED_WITHIN_MS = 240_000;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let admin: Account;
const admins: Account[] = [];
let doctor: Account;
let patient: Account;
let booked: Booked;
let prescriptionId: string;

beforeAll(async () => {
  [admin, doctor, patient] = await Promise.all([anAdmin(), openPractice(api), signUp(api, "PATIENT")]);
  booked = await book(patient, await offer(doctor, SOON_MS));
  const consultation = `/v1/consultations/${booked.consultationId}`;
  await begin(patient, doctor, booked.consultationId);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: NOTES } });
  const body = { content: "No penicillin." };
  const prescription = await doctor.api.ok(`POST ${consultation}/prescriptions`, { key: true, body });
  prescriptionId = String(prescription.id);
}, PREPARED_WITHIN_MS);

async function anAdmin(): Promise<Account> {
  const made = await signUpAdmin(api, stack);
  admins.push(made);
  return made;
}

const breakGlass = (by: Account, body: Json = { patientId: patient.id, reason: REASON }) =>
  by.api.send("POST /v1/admin/break-glass", { body });

/** Calls with which an admin reads this patient's clinical records. */
const reads = () => [
  `GET /v1/consultations/${booked.consultationId}`,
  `GET /v1/consultations?patientId=${patient.id}`,
  `GET /v1/prescriptions/${prescriptionId}`,
  `GET /v1/prescriptions?patientId=${patient.id}`,
];
const statusesOf = async (by: Account) =>
  await Promise.all(reads().map(async (call) => (await by.api.send(call)).status));
const REQUIRED = { status: 403, reason: "BREAK_GLASS_REQUIRED" };

/** Reads all pages of the patient's access log. Leaves out entries of admins in other tests. */
async function accessLog(by: Account, query: Record<string, string> = {}, pageSize = 100): Promise<Json[]> {
  const own = [...admins, doctor, patient].map(({ fullName }) => fullName);
  const entries: Json[] = [];
  let pageToken = "";
  do {
    const search = new URLSearchParams({ ...query, pageSize: `${pageSize}`, pageToken });
    const page = await by.api.ok(`GET /v1/users/me/access-log?${search}`);
    entries.push(...(page.entries as Json[]));
    pageToken = String(page.nextPageToken);
  } while (pageToken !== "");
  return entries.filter(
    ({ actorName }) => /^MedConnect /.test(String(actorName)) || own.includes(String(actorName)),
  );
}

describe("a break-glass grant", () => {
  test("is what a denied admin is told to request, whether the resource exists or not", async () => {
    for (const call of [...reads(), `GET /v1/consultations/${randomUUID()}`]) {
      expect(refusal(await admin.api.send(call))).toEqual(REQUIRED);
    }
    expect(refusal(await admin.api.send("GET /v1/consultations"))).toEqual({
      status: 400,
      reason: "INVALID_REQUEST",
    });
  });

  test("requires a reason and an existing patient", async () => {
    const saysNothing = [undefined, "", "because", " ".repeat(30), `a${" ".repeat(30)}b`, "x".repeat(501)];
    for (const reason of saysNothing) {
      const { status, body } = await breakGlass(admin, { patientId: patient.id, reason });
      expect({ status, field: (body.errors as Json[])[0]?.field }).toEqual({ status: 400, field: "reason" });
    }
    const body = { patientId: doctor.id, reason: REASON };
    expect(refusal(await breakGlass(admin, body))).toEqual({ status: 404, reason: "NOT_FOUND" });
    expect((await breakGlass(doctor)).status).toBe(403);
  });

  test("is limited to few patients at once", async () => {
    const [curious, another] = [await anAdmin(), await signUp(api, "PATIENT")];
    const body = { patientId: another.id, reason: REASON };
    for (let i = 0; i < 5; i++) expect((await breakGlass(curious, body)).status).toBe(201);
    expect(refusal(await breakGlass(curious, body))).toEqual({ status: 409, reason: "TOO_MANY_GRANTS" });
  });

  test("lets the admin read until it is revoked", async () => {
    const made = await breakGlass(admin);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ adminId: admin.id, patientId: patient.id, status: "ACTIVE" });
    const grant = String(made.headers.get("location"));
    expect(await admin.api.ok(`GET ${grant}`)).toEqual(made.body);
    expect(await statusesOf(admin)).toEqual([200, 200, 200, 200]);
    const consultation = await admin.client.getConsultation({ consultationId: booked.consultationId });
    expect(consultation.notes).toBe(NOTES);
    const { reason } = await admin.client.getBooking({ bookingId: booked.id });
    expect(reason).toBe("");

    expect((await admin.api.ok(`POST ${grant}:revoke`)).status).toBe("REVOKED");
    expect(await statusesOf(admin)).toEqual([403, 403, 403, 403]);
  });

  test("ends with the admin's account, even if that is enabled again", async () => {
    const other = await anAdmin();
    const { body } = await breakGlass(other);
    await admin.client.disableUser({ userId: other.id });
    expect(await admin.client.getBreakGlassGrant({ grantId: String(body.id) })).toMatchObject({
      status: "REVOKED",
    });
    const { grants } = await admin.client.listBreakGlassGrants({ adminId: other.id, status: "ACTIVE" });
    expect(grants).toEqual([]);
  });

  test("is named in the audit trail by every read", async () => {
    const { body } = await breakGlass(admin);
    await admin.client.getPrescription({ prescriptionId });
    const query = new URLSearchParams({ actorId: admin.id, action: "prescription.get" });
    const { auditEvents } = await admin.api.ok(`GET /v1/admin/audit-events?${query}`);
    expect((auditEvents as Json[])[0]).toMatchObject({ grantId: body.id, subjectIds: [patient.id] });
  });
});

describe("a doctor's prescriptions", () => {
  test("are listed for an admin without a grant or content, and the patient's access log shows that", async () => {
    const path = `GET /v1/admin/doctors/${doctor.id}/prescriptions`;
    const { prescriptions } = await admin.api.ok(path);
    expect(prescriptions).toEqual([
      expect.objectContaining({ id: prescriptionId, patientId: patient.id, status: "ACTIVE" }),
    ]);
    expect(prescriptions).toMatchObject([{ consultationId: "", patientName: "", doctorName: "" }]);
    expect((prescriptions as Json[])[0]).not.toHaveProperty("content");
    expect((prescriptions as Json[])[0]).not.toHaveProperty("items");
    for (const other of [doctor, patient]) expect((await other.api.send(path)).status).toBe(403);
    for (const id of [randomUUID(), patient.id]) {
      const missing = await admin.api.send(`GET /v1/admin/doctors/${id}/prescriptions`);
      expect(refusal(missing)).toEqual({ status: 404, reason: "NOT_FOUND" });
    }
    expect(await accessLog(patient)).toContainEqual(
      expect.objectContaining({ action: "prescription.list_of_doctor", relation: "ADMINISTRATION" }),
    );
  });

  test("are stopped by an admin only under a grant; the patient sees admin and reason", async () => {
    const other = await anAdmin();
    const stop = () =>
      other.api.send(`POST /v1/prescriptions/${prescriptionId}:stop`, { body: { reason: "A rash" } });
    expect(refusal(await stop())).toEqual(REQUIRED);
    await breakGlass(other);
    const stopped = await eventually(stop, ({ status }) => status === 200);
    expect(stopped.body).toMatchObject({
      status: "STOPPED",
      endReason: "A rash",
      endTime: expect.any(String),
    });
    expect(await patient.client.getPrescription({ prescriptionId })).toEqual(stopped.body);
    expect(await accessLog(patient)).toContainEqual(
      expect.objectContaining({ action: "prescription.stop", relation: "BREAK_GLASS", reason: REASON }),
    );
    const cancel = await doctor.api.send(`POST /v1/prescriptions/${prescriptionId}:cancel`, {
      body: { reason: "Never meant" },
    });
    expect(refusal(cancel)).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  });
});

describe("the patient's access log", () => {
  let whole: Json[];
  const of = (entries: Json[], action: string, relation: string) =>
    entries.find((entry) => entry.action === action && entry.relation === relation);

  beforeAll(async () => {
    await breakGlass(admin);
    await admin.client.getConsultation({ consultationId: booked.consultationId });
    await admin.client.getBooking({ bookingId: booked.id });
    await admin.client.getUser({ userId: patient.id });
    await doctor.client.getConsultation({ consultationId: booked.consultationId });
    await patient.client.getConsultation({ consultationId: booked.consultationId });
    whole = await accessLog(patient);
  });

  test("shows grants, their reasons and the reads under them", () => {
    const resource = `consultations/${booked.consultationId}`;
    const byAdmin = { actorName: admin.fullName, reason: REASON };
    expect(of(whole, "break_glass.grant", "BREAK_GLASS")).toMatchObject({ ...byAdmin, service: "auth" });
    expect(of(whole, "consultation.get", "BREAK_GLASS")).toMatchObject({ ...byAdmin, resource });
  });

  test("shows access by the doctor, the administration and the platform", () => {
    expect(of(whole, "consultation.get", "DOCTOR")).toMatchObject({ actorName: doctor.fullName, reason: "" });
    expect(of(whole, "booking.get", "ADMINISTRATION")).toMatchObject({ actorName: admin.fullName });
    expect(of(whole, "user.get", "ADMINISTRATION")).toMatchObject({ service: "auth" });
    expect(of(whole, "consultation.create", "SYSTEM")).toMatchObject({
      actorName: "MedConnect (scheduling)",
      service: "clinical",
    });
  });

  test("is newest first, and has the patient's own actions only on request", async () => {
    const times = whole.map(({ occurTime }) => Date.parse(String(occurTime)));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(whole.filter(({ relation }) => relation === "SELF")).toEqual([]);
    const withOwn = await accessLog(patient, { includeOwn: "true" });
    expect(of(withOwn, "booking.create", "SELF")).toMatchObject({ actorName: patient.fullName });
    expect(withOwn.filter(({ relation }) => relation !== "SELF")).toEqual(whole);
  });

  test.each([1, 2, 5])("in pages of %i has each entry once", async (pageSize) => {
    expect(await accessLog(patient, {}, pageSize)).toEqual(whole);
  });

  test("can be restricted to a period", async () => {
    const startTime = String(whole[3]?.occurTime);
    const since = await accessLog(patient, { startTime });
    expect(since).toEqual(whole.filter(({ occurTime }) => String(occurTime) >= startTime));
  });

  test("omits denied requests, e-mail addresses and other subjects", async () => {
    const stranger = await signUp(api, "PATIENT");
    await stranger.api.send(`GET /v1/consultations/${booked.consultationId}`);
    const text = JSON.stringify(await accessLog(patient, { includeOwn: "true" }));
    for (const secret of [stranger.id, admin.email, doctor.email, admin.id, NOTES]) {
      expect(text).not.toContain(secret);
    }
    expect(await accessLog(stranger)).toEqual([]);
  });

  test("is for patients only", async () => {
    for (const { api: own } of [doctor, admin]) {
      expect((await own.send("GET /v1/users/me/access-log")).status).toBe(403);
    }
    const { nextPageToken } = await patient.client.listAccessLog({ pageSize: 1 });
    const other = `GET /v1/users/me/access-log?includeOwn=true&pageToken=${nextPageToken}`;
    expect(refusal(await patient.api.send(other))).toEqual({ status: 400, reason: "INVALID_PAGE_TOKEN" });
  });
});
