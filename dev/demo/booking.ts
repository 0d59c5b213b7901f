import { randomUUID } from "node:crypto";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { DEMO_REGION } from "../stack/seed.ts";
import { type Account, logIn, type SignedIn } from "./people.ts";
import { FEE_MINOR, LANGUAGE, SPECIALTY } from "./times.ts";
import type { Walker } from "./walker.ts";

export interface Booking {
  id: string;
  consultationId: string;
  paymentId: string;
  /** Trace id of the request that made the booking. */
  traceId: string;
}

/** The patient finds the doctor, books the first open slot, and pays. */
export async function bookAndPay(
  walker: Walker,
  account: Account,
  doctor: Account,
): Promise<{ patient: SignedIn; booking: Booking }> {
  const slotId = await findSlot(walker, doctor);
  const patient = await logIn(walker, "The patient logs in", account);
  const booking = await book(walker, patient, slotId);
  await pay(walker, patient, booking);
  return { patient, booking };
}

async function findSlot(walker: Walker, doctor: Account): Promise<string> {
  const query = new URLSearchParams({
    specialty: SPECIALTY.toLowerCase(),
    language: LANGUAGE,
    maxFeeMinor: FEE_MINOR,
    region: DEMO_REGION,
    orderBy: "createTime desc",
  });
  const found = await walker.step({
    title: "Doctors licensed for a region can be found without an account",
    call: `GET /v1/doctors?${query}`,
    expect: 200,
  });
  if (!found.list("doctors").some(({ id }) => id === doctor.id)) {
    throw new SetupError("The search did not find the new doctor.");
  }
  const { id } = doctor;
  const open = await walker.step({
    title: "The doctor's open slots",
    call: `GET /v1/doctors/${id}/slots?pageSize=20&region=${DEMO_REGION}`,
    expect: 200,
  });
  return String(open.list("slots")[0]?.id);
}

async function book(walker: Walker, { token }: SignedIn, slotId: string): Promise<Booking> {
  const request = {
    call: "POST /v1/bookings",
    token,
    key: randomUUID(),
    body: { slotId, patientRegion: DEMO_REGION, reason: "Palpitations after climbing stairs." },
    expect: 201,
    has: { slotId, status: "PENDING_PAYMENT" },
  };
  const made = await walker.step({ title: "The patient books the first slot", ...request });
  const again = await walker.step({
    title: "A repeat with the same Idempotency-Key, as after a lost response, returns the same booking",
    ...request,
    has: made.body,
  });
  if (again.headers.get("idempotent-replayed") !== "true")
    throw new SetupError("The repeated request has no Idempotent-Replayed header.");
  await walker.step({
    title: "With another key, the slot is unavailable",
    ...request,
    key: randomUUID(),
    expect: 409,
    has: { reason: "SLOT_UNAVAILABLE" },
  });
  return {
    id: made.text("id"),
    consultationId: made.text("consultationId"),
    paymentId: made.text("paymentId"),
    traceId: made.headers.get("x-trace-id") ?? "",
  };
}

async function pay(walker: Walker, { token }: SignedIn, booking: Booking): Promise<void> {
  await walker.step({
    title: "The booking's payment waits for the patient",
    call: `GET /v1/payments/${booking.paymentId}`,
    token,
    expect: 200,
    has: { status: "REQUIRES_AUTHORIZATION" },
    eventually: true,
  });
  const call = `POST /v1/payments/${booking.paymentId}:authorize`;
  await walker.step({
    title: "The patient's first card is declined",
    call,
    token,
    key: randomUUID(),
    body: { paymentMethod: "pm_card_declined" },
    expect: 409,
    has: { reason: "PAYMENT_DECLINED" },
  });
  await walker.step({
    title: "Another card, with another key, is authorized",
    call,
    token,
    key: randomUUID(),
    body: { paymentMethod: "pm_card_visa" },
    expect: 200,
    has: { status: "AUTHORIZED" },
  });
  await walker.step({
    title: "The authorization confirms the booking",
    call: `GET /v1/bookings/${booking.id}`,
    token,
    expect: 200,
    has: { status: "CONFIRMED" },
    eventually: true,
  });
}
