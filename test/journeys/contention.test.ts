import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, mfaTokenOf, PASSWORD, signUp } from "../support/accounts.ts";
import { type Answer, Api, type Json } from "../support/api.ts";
import { secure } from "../support/mfa.ts";
import { DAY_MS, FEE, MINUTE_MS, offer, openPractice, timeFromNow } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const PATIENTS = 200;
const BATCH = 10;

const api = new Api(sharedStack().urls.gateway);
let doctor: Account;
/** Day of the next slot, counted from today. Each day is used once, so slots do not overlap. */
let days = 1;
const aTimeOfItsOwn = () => days++ * DAY_MS;

beforeAll(async () => {
  doctor = await openPractice(api);
});

/** Counts the responses by status and reason. */
function callStats(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const kind = status < 400 ? `${status}` : `${status} ${body.reason}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

const atOnce = (count: number, send: (index: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => send(index)));

describe("two hundred patients", () => {
  const patients: Account[] = [];

  // Most of the time goes into hashing the patients' passwords.
  beforeAll(async () => {
    while (patients.length < PATIENTS) {
      patients.push(...(await Promise.all(Array.from({ length: BATCH }, () => signUp(api, "PATIENT")))));
    }
  }, 120_000);

  test.each([1, 2, 3])(
    "book one slot at once: one succeeds, the others get SLOT_UNAVAILABLE (round %i)",
    async () => {
      const slotId = await offer(doctor, aTimeOfItsOwn());
      const answers = await atOnce(PATIENTS, (index) =>
        patients[index]!.api.send("POST /v1/bookings", { key: true, body: { slotId } }),
      );
      expect(callStats(answers)).toEqual({ 201: 1, "409 SLOT_UNAVAILABLE": PATIENTS - 1 });
      const { bookings } = await doctor.client.listBookings({ pageSize: 100 });
      expect(bookings.filter((booking) => booking.slotId === slotId)).toHaveLength(1);
    },
  );
});

test("a patient who books overlapping slots of two doctors at once gets one of them", async () => {
  const patient = await signUp(api, "PATIENT");
  const colleague = await openPractice(api);
  const at = aTimeOfItsOwn();
  const slots = [await offer(doctor, at), await offer(colleague, at + 10 * MINUTE_MS)];
  const answers = await atOnce(20, (index) =>
    patient.api.send("POST /v1/bookings", { key: true, body: { slotId: slots[index % 2] } }),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
  const { bookings } = await patient.client.listBookings();
  expect(bookings).toHaveLength(1);
});

test("a booking sent 100 times at once under one key is made once, with the same response for all", async () => {
  const patient = await signUp(api, "PATIENT");
  const slotId = await offer(doctor, aTimeOfItsOwn());
  const key = randomUUID();
  const answers = await atOnce(100, () => patient.api.send("POST /v1/bookings", { key, body: { slotId } }));

  expect(callStats(answers)).toEqual({ 201: 100 });
  const texts = new Set(answers.map(({ text }) => text));
  expect(texts.size).toBe(1);
  const originals = answers.filter(({ headers }) => headers.get("idempotent-replayed") !== "true");
  expect(originals).toHaveLength(1);
  const { bookings } = await patient.client.listBookings();
  expect(bookings).toHaveLength(1);
});

test("the key of a refused booking books the slot after its release", async () => {
  const [first, second] = await Promise.all([signUp(api, "PATIENT"), signUp(api, "PATIENT")]);
  const slotId = await offer(doctor, aTimeOfItsOwn());
  const made = await first.client.createBooking({ slotId });
  const book = () => second.api.send("POST /v1/bookings", { key: "late", body: { slotId } });
  expect(callStats([await book()])).toEqual({ "409 SLOT_UNAVAILABLE": 1 });
  await first.client.cancelBooking({ bookingId: made.id });
  const answers = [await book(), await book()];
  expect(callStats(answers)).toEqual({ 201: 2 });
  expect(answers.map(({ headers }) => headers.get("idempotent-replayed"))).toEqual([null, "true"]);
});

test("a refusal that nothing can lift is replayed", async () => {
  const patient = await signUp(api, "PATIENT");
  const slotId = await offer(doctor, aTimeOfItsOwn());
  const { id } = await patient.client.createBooking({ slotId });
  await doctor.client.cancelBooking({ bookingId: id });
  const cancel = () => patient.api.send(`POST /v1/bookings/${id}:cancel`, { key: "late", body: {} });
  const answers = [await cancel(), await cancel()];
  expect(callStats(answers)).toEqual({ "409 ILLEGAL_TRANSITION": 2 });
  expect(answers.map(({ headers }) => headers.get("idempotent-replayed"))).toEqual([null, "true"]);
});

test.each([1, 2, 3])("of 20 overlapping slots offered at once, one is created (round %i)", async () => {
  const at = aTimeOfItsOwn();
  const answers = await atOnce(20, (index) =>
    doctor.api.send(`POST /v1/doctors/${doctor.id}/slots`, { body: timeFromNow(at + index * 5 * MINUTE_MS) }),
  );
  const made = answers.filter(({ status }) => status === 201).map(({ body }) => body);
  expect(answers.length - made.length).toBe(callStats(answers)["409 SLOT_OVERLAP"]);
  expect(made.length).toBeGreaterThan(0);
  const times = made
    .map(({ startTime, endTime }) => [Date.parse(String(startTime)), Date.parse(String(endTime))] as const)
    .toSorted(([a], [b]) => a - b);
  for (const [index, [startMs]] of times.entries()) {
    expect(startMs).toBeGreaterThanOrEqual(times[index - 1]?.[1] ?? 0);
  }
});

test("a code of an authenticator sent 20 times at once signs in once", async () => {
  const patient = await signUp(api, "PATIENT");
  const authenticator = await secure(patient);
  const { email } = patient;
  const tokens = await Promise.all(Array.from({ length: 20 }, () => mfaTokenOf(api, { email })));
  const code = authenticator.next();
  const answers = await atOnce(20, (index) =>
    api.send("POST /v1/auth/login:verifyMfa", { body: { mfaToken: tokens[index], code } }),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
});

test("a refresh token sent 20 times at once is exchanged once", async () => {
  const { refreshToken } = await signUp(api, "PATIENT");
  const answers = await atOnce(20, () => api.send("POST /v1/auth/token:refresh", { body: { refreshToken } }));
  expect(callStats(answers)).toEqual({ 200: 1, "401 INVALID_REFRESH_TOKEN": 19 });
});

test("an e-mail address registered 10 times at once gets one account", async () => {
  const body = {
    email: `${randomUUID()}@example.org`,
    password: PASSWORD,
    fullName: "Twin",
    role: "PATIENT",
  };
  const answers = await atOnce(10, () => api.send("POST /v1/auth/register", { body }));
  expect(callStats(answers)).toEqual({ 201: 1, "409 EMAIL_TAKEN": 9 });
});

test("a payment authorized 10 times at once, each under its own key, is authorized once", async () => {
  const fee = { currencyCode: "USD", amountMinor: "2500" };
  const clinic = await openPractice(api, { fee });
  const patient = await signUp(api, "PATIENT");
  const slotId = await offer(clinic, aTimeOfItsOwn());
  const { paymentId } = await patient.client.createBooking({ slotId });
  const answers = await atOnce(10, () =>
    patient.api.send(`POST /v1/payments/${paymentId}:authorize`, {
      key: true,
      body: { paymentMethod: "pm_card_visa" },
    }),
  );
  expect(answers.filter(({ body }) => body.status === "AUTHORIZED")).toHaveLength(1);
  expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
});

test("an account that books sixty paid slots at once holds three, and cannot renew the holds", async () => {
  const patient = await signUp(api, "PATIENT");
  const practice = await openPractice(api, { fee: FEE });
  const at = aTimeOfItsOwn();
  const times = Array.from({ length: 60 }, (_, i) => timeFromNow(at + i * 5 * MINUTE_MS, 5 * MINUTE_MS));
  const { slots } = await practice.client.batchCreateSlots({ doctorId: practice.id, slots: times });
  const grab = (slot: Json) =>
    patient.api.send("POST /v1/bookings", { key: true, body: { slotId: slot.id } });
  const answers = await Promise.all(slots.map(grab));
  const counts = callStats(answers);
  expect(counts["201"]).toBe(3);
  expect((counts["409 TOO_MANY_HOLDS"] ?? 0) + (counts["409 TOO_MANY_BOOKINGS"] ?? 0)).toBe(57);

  const held = answers.find(({ status }) => status === 201)!.body;
  await patient.client.cancelBooking({ bookingId: String(held.id) });
  const again = await grab({ id: held.slotId });
  expect({ status: again.status, reason: again.body.reason }).toEqual({
    status: 409,
    reason: "HOLD_COOLDOWN",
  });
  expect(Number(again.headers.get("retry-after"))).toBeGreaterThan(25 * 60);
});
