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

async function findSlot(walker: Walker, { id: doctorId }: Account): Promise<string> {
  const anybody = walker.client();
  const { data: found } = await walker.step({
    title: "Doctors licensed for a region can be found without an account",
    call: () =>
      anybody.searchDoctors({
        specialty: SPECIALTY.toLowerCase(),
        language: LANGUAGE,
        maxFeeMinor: FEE_MINOR,
        region: DEMO_REGION,
        orderBy: "createTime desc",
      }),
  });
  if (!found.doctors.some(({ id }) => id === doctorId)) {
    throw new SetupError("The search did not find the new doctor.");
  }
  const { data: open } = await walker.step({
    title: "The doctor's open slots",
    call: () => anybody.listSlots({ doctorId, pageSize: 20, region: DEMO_REGION }),
  });
  return String(open.slots[0]?.id);
}

async function book(walker: Walker, { client }: SignedIn, slotId: string): Promise<Booking> {
  const idempotencyKey = randomUUID();
  const request = { slotId, patientRegion: DEMO_REGION, reason: "Palpitations after climbing stairs." };
  const call = () => client.createBooking(request, { idempotencyKey });
  const { data: made, info } = await walker.step({
    title: "The patient books the first slot",
    call,
    has: { slotId, status: "PENDING_PAYMENT" },
  });
  const { info: again } = await walker.step({
    title: "A repeat with the same Idempotency-Key, as after a lost response, returns the same booking",
    call,
    has: made,
  });
  if (!again.replayed) throw new SetupError("The repeated request has no Idempotent-Replayed header.");
  await walker.refusal({
    title: "With another key, the slot is unavailable",
    call: () => client.createBooking(request),
    reason: "SLOT_UNAVAILABLE",
  });
  const { id, consultationId, paymentId = "" } = made;
  return { id, consultationId, paymentId, traceId: info.traceId ?? "" };
}

async function pay(walker: Walker, { client }: SignedIn, { id, paymentId }: Booking): Promise<void> {
  await walker.step({
    title: "The booking's payment waits for the patient",
    call: () => client.getPayment({ paymentId }),
    has: { status: "REQUIRES_AUTHORIZATION" },
    eventually: true,
  });
  await walker.refusal({
    title: "The patient's first card is declined",
    call: () => client.authorizePayment({ paymentId, paymentMethod: "pm_card_declined" }),
    reason: "PAYMENT_DECLINED",
  });
  await walker.step({
    title: "Another card, with another key, is authorized",
    call: () => client.authorizePayment({ paymentId, paymentMethod: "pm_card_visa" }),
    has: { status: "AUTHORIZED" },
  });
  await walker.step({
    title: "The authorization confirms the booking",
    call: () => client.getBooking({ bookingId: id }),
    has: { status: "CONFIRMED" },
    eventually: true,
  });
}
