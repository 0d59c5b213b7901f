import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { verifyLicense } from "../support/licensing.ts";
import { mailsTo } from "../support/mails.ts";
import {
  begin,
  book,
  claim,
  DAY_MS,
  FEE,
  MINUTE_MS,
  offer,
  openPractice,
  SOON_MS,
} from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

/** Time until the slot starts. It is enough to book the slot on a busy machine. */
const AT_ONCE_MS = 15_000;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const NOT_FOUND = { status: 404, reason: "NOT_FOUND" };
const NOT_VERIFIED = { status: 403, reason: "LICENSE_NOT_VERIFIED" };

/** Specialty that only the doctors of this file have, so that a search finds no others. */
const specialty = `Cardiology ${randomUUID().slice(0, 8)}`;
const search = `/v1/doctors?${new URLSearchParams({ specialty })}`;

let admin: Account;
let doctor: Account;
let patient: Account;
let licenseId: string;

beforeAll(async () => {
  [admin, doctor, patient] = await Promise.all([
    signUpAdmin(api, stack),
    signUp(api, "DOCTOR"),
    signUp(api, "PATIENT"),
  ]);
  const { licenses } = await claim(doctor, { fee: FEE, specialty });
  licenseId = String(licenses[0]!.id);
});

const decide = (verb: string, body?: Json) =>
  admin.api.send(`POST /v1/admin/licenses/${licenseId}:${verb}`, body ? { body } : {});
const isFound = async () => {
  const { doctors } = await api.ok(`GET ${search}`);
  return (doctors as Json[]).some(({ id }) => id === doctor.id);
};

describe("a doctor without a verified licence", () => {
  test("can create a profile and slots, which others cannot see", async () => {
    const slotId = await offer(doctor, 3 * DAY_MS);
    expect(await doctor.client.getDoctor({ doctorId: doctor.id })).toMatchObject({ practising: false });
    expect(await isFound()).toBe(false);
    for (const path of [
      `/v1/doctors/${doctor.id}`,
      `/v1/doctors/${doctor.id}/slots`,
      `/v1/slots/${slotId}`,
    ]) {
      expect([path, refusal(await patient.api.send(`GET ${path}`))]).toEqual([path, NOT_FOUND]);
      expect((await doctor.api.send(`GET ${path}`)).status).toBe(200);
    }
    const booking = await patient.api.send("POST /v1/bookings", { key: true, body: { slotId } });
    expect(refusal(booking)).toEqual(NOT_FOUND);
  });

  test.each(["status=PENDING", "awaitingDecision=true"])("is in the admin's list (%s)", async (filter) => {
    const list = await admin.api.ok(`GET /v1/admin/licenses?${filter}&doctorId=${doctor.id}`);
    expect(list.licenses).toMatchObject([
      {
        id: licenseId,
        doctorId: doctor.id,
        doctorName: doctor.fullName,
        doctorEmail: doctor.email,
        status: "PENDING",
        region: "US-CA",
      },
    ]);
  });

  test.each([
    ["region", { region: "ZZ" }],
    ["region", { region: "US-ZZ" }],
    ["expireDate", { expireDate: "2027-02-30" }],
    ["expireDate", { expireDate: "2020-01-01" }],
    ["number", { number: "1" }],
  ])("cannot claim a licence with a wrong %s", async (field, wrong) => {
    const body = { number: "A-4711", region: "DE", ...wrong };
    const answer = await doctor.api.send(`POST /v1/doctors/${doctor.id}/licenses`, { body });
    expect(refusal(answer)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
    expect(answer.body.errors).toEqual([expect.objectContaining({ field })]);
  });
});

describe("after an admin has verified it, the doctor", () => {
  let consultation: string;

  test("is found, and sees patients", async () => {
    expect(refusal(await decide("verify"))).toEqual({ status: 400, reason: "INVALID_REQUEST" });
    await verifyLicense(api.url, licenseId, doctor.fullName);
    expect(await isFound()).toBe(true);
    const shown = await patient.client.getDoctor({ doctorId: doctor.id });
    const { licenses } = await doctor.client.getDoctor({ doctorId: doctor.id });
    expect(shown).toMatchObject({ practising: true, licenses });
    expect(licenses).toMatchObject([{ id: licenseId, region: "US-CA", status: "VERIFIED" }]);
    expect(Object.keys(licenses[0]!)).not.toContain("doctorEmail");

    const booked = await book(patient, await offer(doctor, SOON_MS));
    consultation = `/v1/consultations/${booked.consultationId}`;
    const key = { key: true, body: { paymentMethod: "pm_card_visa" } } as const;
    await eventually(
      () => patient.api.send(`POST /v1/payments/${booked.paymentId}:authorize`, key),
      ({ status }) => status === 200,
    );
    const untilDone = (call: () => ReturnType<typeof api.send>) =>
      eventually(call, ({ status }) => status === 200);
    await untilDone(() => patient.api.send(`POST ${consultation}:join`));
    await untilDone(() => doctor.api.send(`POST ${consultation}:start`));
    await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: "All well." } });
  });

  test("cannot prescribe after its revocation, and upcoming bookings are cancelled", async () => {
    const future = await book(patient, await offer(doctor, 5 * DAY_MS));
    expect(refusal(await decide("revoke"))).toMatchObject({ status: 400 });
    expect((await decide("revoke", { reason: "Struck off the register" })).body).toMatchObject({
      status: "REVOKED",
      rejectReason: "Struck off the register",
    });
    expect(await patient.client.getBooking({ bookingId: future.id })).toMatchObject({
      status: "CANCELLED",
      cancelledBy: "ADMIN",
    });
    const prescribe = () =>
      doctor.api.send(`POST ${consultation}/prescriptions`, { key: true, body: { content: "Rest." } });
    // Repeated, because clinical learns from an event that the licence is revoked.
    expect(refusal(await eventually(prescribe, ({ status }) => status !== 201))).toEqual(NOT_VERIFIED);
    expect(await isFound()).toBe(false);
  });

  test("gets a mail about each decision", async () => {
    const subjects = (await mailsTo(stack, doctor.email, 2)).map(({ subject }) => subject);
    expect(subjects).toEqual(["Your licence was verified", "Your licence was revoked"]);
  });
});

describe("a renamed doctor", () => {
  const NEW_NAME = "Prof. Nina New";
  let renamed: Account;
  let shown: Record<string, string>;
  let verified: string;

  /** Name of the doctor as the patient sees it, in each resource. */
  async function names(): Promise<Record<string, unknown>> {
    const [profile, { doctors }, booking, consultation] = await Promise.all([
      patient.api.ok(`GET ${shown.profile}`),
      patient.api.ok(`GET ${search}`),
      patient.api.ok(`GET ${shown.booking}`),
      patient.api.ok(`GET ${shown.consultation}`),
    ]);
    const found = (doctors as Json[]).find(({ id }) => id === renamed.id);
    return {
      profile: profile.displayName,
      search: found?.displayName,
      booking: booking.doctorName,
      consultation: consultation.doctorName,
      prescription: await prescribe(),
    };
  }
  const called = (name: string) => ({
    profile: name,
    search: name,
    booking: name,
    consultation: name,
    prescription: name,
  });

  /** Issues a prescription. @returns the doctor's name on it */
  async function prescribe(): Promise<unknown> {
    const body = { content: "Rest." };
    const made = await renamed.api.ok(`POST ${shown.treated}/prescriptions`, { key: true, body });
    return made.doctorName;
  }

  const verify = (doctorName: string) =>
    admin.api.send(`POST /v1/admin/licenses/${verified}:verify`, { body: { doctorName } });
  const waiting = () => admin.client.listLicenses({ awaitingDecision: true, doctorId: renamed.id });

  beforeAll(async () => {
    renamed = await openPractice(api, { specialty });
    const treated = await book(patient, await offer(renamed, SOON_MS));
    await begin(patient, renamed, treated.consultationId);
    const completed = `/v1/consultations/${treated.consultationId}`;
    await renamed.api.ok(`POST ${completed}:complete`, { body: { notes: "All well." } });
    const ahead = await book(patient, await offer(renamed, 3 * DAY_MS));
    shown = {
      profile: `/v1/doctors/${renamed.id}`,
      booking: `/v1/bookings/${ahead.id}`,
      consultation: `/v1/consultations/${ahead.consultationId}`,
      treated: completed,
    };
    await eventually(
      () => patient.api.send(`GET ${shown.consultation}`),
      ({ status }) => status === 200,
    );
  });

  test("keeps the verified name everywhere, the licence and the bookings", async () => {
    expect(await names()).toEqual(called(renamed.fullName));
    await renamed.client.updateMe({ user: { fullName: NEW_NAME } });
    const { licenses } = await eventually(waiting, (list) => list.licenses.length > 0);
    expect(licenses).toMatchObject([
      { status: "VERIFIED", verifiedName: renamed.fullName, doctorName: NEW_NAME },
    ]);
    verified = String(licenses[0]!.id);
    expect(await names()).toEqual(called(renamed.fullName));
    expect(await renamed.api.ok(`GET ${shown.profile}`)).toMatchObject({
      displayName: renamed.fullName,
      practising: true,
    });
    expect(await patient.api.ok(`GET ${shown.booking}`)).toMatchObject({ status: "CONFIRMED" });
  });

  test("gets the new name everywhere when an admin verifies the name they saw, and not another", async () => {
    expect(refusal(await verify("Prof. Nina Old"))).toEqual({ status: 409, reason: "NAME_DIFFERS" });
    expect((await verify(NEW_NAME)).body).toMatchObject({ status: "VERIFIED", verifiedName: NEW_NAME });
    // Repeated, because clinical learns the new name from an event.
    expect(await eventually(names, ({ prescription }) => prescription === NEW_NAME)).toEqual(
      called(NEW_NAME),
    );
    expect(await waiting()).toMatchObject({ licenses: [] });
    const { licenses } = await patient.api.ok(`GET ${shown.profile}`);
    expect(Object.keys((licenses as Json[])[0]!)).not.toContain("verifiedName");
    expect(await patient.api.ok(`GET ${shown.treated}`)).toMatchObject({ doctorName: renamed.fullName });
  });
});

test("a doctor who loses the licence after the start is not paid for the patient's no-show", async () => {
  const struck = await openPractice(api);
  const booked = await book(patient, await offer(struck, AT_ONCE_MS, 5 * MINUTE_MS));
  const path = `/v1/consultations/${booked.consultationId}`;
  const { startTime } = await eventually(
    async () => (await struck.api.send(`GET ${path}`)).body,
    ({ startTime }) => startTime !== undefined,
  );
  // Waits for the start of the appointment. A revocation before the start would cancel the booking.
  await eventually(
    async () => Date.now(),
    (now) => now > Date.parse(String(startTime)),
  );
  const { licenses } = await struck.client.getDoctor({ doctorId: struck.id });
  await admin.client.revokeLicense({
    licenseId: licenses[0]!.id,
    reason: "Struck off the register",
  });
  const miss = () => struck.api.send(`POST ${path}:markNoShow`, { body: { party: "PATIENT" } });
  const isRefused = ({ status }: { status: number }) => status === NOT_VERIFIED.status;
  expect(refusal(await eventually(miss, isRefused))).toEqual(NOT_VERIFIED);
  expect(refusal(await struck.api.send(`POST ${path}:ready`))).toEqual(NOT_VERIFIED);
  expect(await patient.client.getBooking({ bookingId: booked.id })).toMatchObject({ status: "CONFIRMED" });
});

test("a profile's region is stored in canonical form, and is the default of a booking's region", async () => {
  expect(await patient.client.updateMe({ user: { region: "us-nv" } })).toMatchObject({
    region: "US-NV",
  });
  const unknown = await patient.api.send("PATCH /v1/users/me", { body: { region: "Nevada" } });
  expect(refusal(unknown)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
  const open = await openPractice(api);
  const stated = { slotId: await offer(open, 9 * DAY_MS), patientRegion: "us-ca" };
  const booking = await patient.client.createBooking(stated);
  expect(booking).toMatchObject({ patientRegion: "US-CA" });
  // Repeated until scheduling learns the new region from an event. Each attempt books a slot on another day.
  let days = 10;
  const next = async () => {
    const body = { slotId: await offer(open, days++ * DAY_MS) };
    const { id, patientRegion } = await patient.client.createBooking(body);
    await patient.client.cancelBooking({ bookingId: id });
    return patientRegion;
  };
  expect(await eventually(next, (region) => region !== "")).toBe("US-NV");
});
