import { setTimeout as delay } from "node:timers/promises";
import { hasReason, type MedConnect, type Reason } from "@medconnect/client";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

const MINUTE_MS = 60 * 1000;
/**
 * The shortest appointment, and as soon as possible, so that the next times are free. Those who join may be
 * early.
 */
const SOON_MS = MINUTE_MS / 2;
const LENGTH_MS = 5 * MINUTE_MS;
const SERVICES_LEARN_WITHIN_MS = 30_000;
const POLL_MS = 50;
/** Part of the fee, so that the rest can still be refunded. */
const REFUND_MINOR = "500";

export interface Participants {
  admin: MedConnect;
  doctor: MedConnect;
  doctorId: string;
  patient: MedConnect;
}

/** True if the demo accounts have had an appointment. The prescription is its last step but the refund. */
export async function hasHadAppointment(doctor: MedConnect): Promise<boolean> {
  const { prescriptions } = await doctor.listPrescriptions();
  return prescriptions.length > 0;
}

/**
 * Holds an appointment: paid, completed, with a prescription and a refund in part. So each operation has a
 * resource that it can read. An attempt that was interrupted is repeated once its slot is over.
 */
export async function holdAppointment(people: Participants, nowMs: number): Promise<void> {
  const { admin, doctor, doctorId, patient } = people;
  const startMs = Math.ceil((nowMs + SOON_MS) / MINUTE_MS) * MINUTE_MS;
  const times = { startTime: new Date(startMs), endTime: new Date(startMs + LENGTH_MS) };
  const slot = await doctor.createSlot({ doctorId, ...times });
  const booking = await patient.createBooking({ slotId: slot.id, reason: "A cough" });
  const { consultationId, paymentId = "" } = booking;
  // Services learn of each other's changes by events, which take moments.
  await onceLearned(["NOT_FOUND"], () =>
    patient.authorizePayment({ paymentId, paymentMethod: "pm_card_visa" }),
  );
  await onceLearned(["NOT_FOUND"], () => patient.joinConsultation({ consultationId }));
  await doctor.startConsultation({ consultationId });
  await doctor.completeConsultation({ consultationId, notes: "Viral cough. Rest, fluids." });
  await doctor.createPrescription({
    consultationId,
    content: "Drink a lot, and rest.",
    items: [
      {
        medication: "Amoxicillin",
        dosage: "500 mg",
        frequency: "three times a day",
        durationDays: 7,
        refills: 1,
      },
    ],
  });
  await onceLearned(["ILLEGAL_TRANSITION", "REFUND_EXCEEDS_CAPTURED"], () =>
    admin.createRefund({ paymentId, amountMinor: REFUND_MINOR, reason: "The doctor was late." }),
  );
}

/** Repeats a call while it is refused for one of these reasons. */
export async function onceLearned(
  reasons: readonly Reason[],
  call: () => PromiseLike<unknown>,
): Promise<void> {
  const deadlineMs = Date.now() + SERVICES_LEARN_WITHIN_MS;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!reasons.some((reason) => hasReason(error, reason))) throw error;
      if (Date.now() > deadlineMs) {
        throw new SetupError(`A service did not learn of the demo data: ${(error as Error).message}`);
      }
    }
    await delay(POLL_MS);
  }
}
