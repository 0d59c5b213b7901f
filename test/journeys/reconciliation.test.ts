import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Booked, book, DAY_MS, FEE, MINUTE_MS, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

// Long, because each run of the command starts a process.
jest.setTimeout(300_000);

const ROOT = join(import.meta.dirname, "../..");

const { urls } = sharedStack();
const api = new Api(urls.gateway);
let database: Connection;
let patient: Account;

beforeAll(async () => {
  database = await createConnection({ uri: urls.mysql });
});
afterAll(() => database.end());

/**
 * Runs `npm run reconcile` on the changes of the last hour, without a grace period.
 *
 * @returns the exit code, and the findings about this booking
 */
async function reconcile(booking: Booked, ...flags: string[]): Promise<{ code: number; found: string[] }> {
  const { code, stdout, stderr } = await run(["ops/reconcile.ts", "--since", "1h", "--json", ...flags]);
  if (stdout === "") throw new Error(stderr);
  const { findings } = JSON.parse(stdout) as { findings: Record<"bookingId" | "kind" | "outcome", string>[] };
  // Leaves out findings about other bookings, because other tests may break their own bookings meanwhile.
  const own = findings.filter(({ bookingId }) => bookingId === booking.id);
  expect(code).toBe(findings.length > 0 ? 1 : 0);
  return { code, found: own.map(({ kind, outcome }) => `${kind} ${outcome}`) };
}

function run(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: ROOT, env: { ...process.env, RECONCILE_GRACE: "0s" }, timeout: 100_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** Repeats `npm run reconcile`, which finds nothing about the booking while its events are pending. */
const untilFound = (booking: Booked, ...flags: string[]) =>
  eventually(
    () => reconcile(booking, ...flags),
    ({ found }) => found.length > 0,
    60_000,
  );

async function bookAt(startsInMs: number, profile: Json = {}): Promise<Booked> {
  const doctor = await openPractice(api, profile);
  patient = await signUp(api, "PATIENT");
  return await book(patient, await offer(doctor, startsInMs, 30 * MINUTE_MS));
}

async function pay({ paymentId }: Booked): Promise<void> {
  await eventually(
    () => patient.api.send(`GET /v1/payments/${paymentId}`),
    ({ status }) => status === 200,
    60_000,
  );
  const body = { paymentMethod: "pm_card_visa" };
  await patient.client.authorizePayment({ paymentId, ...body });
}

const consultationOf = ({ consultationId }: Booked) =>
  patient.api.send(`GET /v1/consultations/${consultationId}`);

const untilConsultation = (booking: Booked, status: string) =>
  eventually(
    () => consultationOf(booking),
    ({ body }) => body.status === status,
    60_000,
  );

test("a lost consultation is found, reported and recreated", async () => {
  const booking = await bookAt(2 * DAY_MS);
  await untilConsultation(booking, "SCHEDULED");
  await database.query("DELETE FROM medconnect_clinical.consultations WHERE id = ?", [
    binaryId(booking.consultationId),
  ]);

  expect((await untilFound(booking)).found).toEqual(["CONSULTATION_MISSING LEFT"]);
  expect((await consultationOf(booking)).status).toBe(404);

  expect((await reconcile(booking, "--repair")).found).toEqual(["CONSULTATION_MISSING REPAIRED"]);
  await untilConsultation(booking, "SCHEDULED");
  expect((await reconcile(booking)).found).toEqual([]);
});

test("a cancellation that clinical lost is sent again", async () => {
  const booking = await bookAt(3 * DAY_MS);
  await untilConsultation(booking, "SCHEDULED");
  await patient.client.cancelBooking({ bookingId: booking.id });
  await untilConsultation(booking, "CANCELLED");
  await database.query("UPDATE medconnect_clinical.consultations SET status = 'SCHEDULED' WHERE id = ?", [
    binaryId(booking.consultationId),
  ]);

  expect((await untilFound(booking, "--repair")).found).toEqual(["CONSULTATION_LIVE_FOR_CANCELLED REPAIRED"]);
  await untilConsultation(booking, "CANCELLED");
});

test("a booking that lost its payment is confirmed, and gets its consultation", async () => {
  const booking = await bookAt(4 * DAY_MS, { fee: FEE });
  const status = async () => String((await patient.client.getBooking({ bookingId: booking.id })).status);
  await pay(booking);
  await eventually(status, (now) => now === "CONFIRMED");
  await untilConsultation(booking, "SCHEDULED");

  // Makes the booking look as if the event about its payment had been lost.
  await database.query(
    `UPDATE medconnect_scheduling.bookings b JOIN medconnect_scheduling.slots s ON s.id = b.slot_id
     SET b.status = 'PENDING_PAYMENT', s.status = 'HELD', s.hold_expire_time = b.hold_expire_time WHERE b.id = ?`,
    [binaryId(booking.id)],
  );
  await database.query("DELETE FROM medconnect_scheduling.inbox WHERE aggregate_id = ?", [
    binaryId(booking.paymentId!),
  ]);
  await database.query("DELETE FROM medconnect_clinical.consultations WHERE id = ?", [
    binaryId(booking.consultationId),
  ]);
  expect(await status()).toBe("PENDING_PAYMENT");

  expect((await untilFound(booking, "--repair")).found).toEqual(["PAYMENT_NOT_HEARD REPAIRED"]);
  expect(await status()).toBe("CONFIRMED");
  await untilConsultation(booking, "SCHEDULED");
  expect((await reconcile(booking)).found).toEqual([]);
});

test("a fee that was kept after a cancellation is released", async () => {
  const booking = await bookAt(5 * DAY_MS, { fee: FEE });
  const payment = () => patient.client.getPayment({ paymentId: booking.paymentId });
  await pay(booking);
  await untilConsultation(booking, "SCHEDULED");
  // Makes the booking look as if its cancellation had been stored without events.
  await database.query(
    `UPDATE medconnect_scheduling.bookings b JOIN medconnect_scheduling.slots s ON s.id = b.slot_id
     SET b.status = 'CANCELLED', b.fee_decision = 'RELEASE', b.cancelled_by = 'PATIENT', b.cancel_time = b.update_time,
       s.status = 'OPEN', s.booking_id = NULL WHERE b.id = ?`,
    [binaryId(booking.id)],
  );
  expect((await untilFound(booking, "--repair")).found).toEqual([
    "CONSULTATION_LIVE_FOR_CANCELLED REPAIRED",
    "PAYMENT_OPEN_FOR_ENDED REPAIRED",
  ]);
  await eventually(payment, ({ status }) => status === "VOIDED");
  await untilConsultation(booking, "CANCELLED");
});

test("a booking with another booking's payment and consultation is reported", async () => {
  const [own, other] = [await bookAt(6 * DAY_MS, { fee: FEE }), await bookAt(7 * DAY_MS, { fee: FEE })];
  await pay(other);
  await untilConsultation(other, "SCHEDULED");
  await database.query(
    "UPDATE medconnect_scheduling.bookings SET payment_id = ?, consultation_id = ? WHERE id = ?",
    [other.paymentId!, other.consultationId, own.id].map(binaryId),
  );
  const crossed = ["PAYMENT_IDS_DIFFER LEFT", "CONSULTATION_IDS_DIFFER LEFT"];
  expect((await untilFound(own, "--repair")).found).toEqual(crossed);
});

test("a failed comparison exits with 2, because 1 is for disagreements", async () => {
  const { code } = await run(["ops/reconcile.ts", "--since", "yesterday"]);
  expect(code).toBe(2);
});
