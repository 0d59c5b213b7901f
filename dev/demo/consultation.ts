import type { Booking } from "./booking.ts";
import type { SignedIn } from "./people.ts";
import type { Walker } from "./walker.ts";

interface Meeting {
  patient: SignedIn;
  doctor: SignedIn;
  booking: Booking;
}

/**
 * The doctor starts and completes the consultation, and writes a prescription. Then the patient reads both.
 */
export async function meet(walker: Walker, meeting: Meeting): Promise<void> {
  await consult(walker, meeting);
  await prescribe(walker, meeting);
  await readAsPatient(walker, meeting);
}

async function consult(walker: Walker, { patient, doctor, booking }: Meeting): Promise<void> {
  const { consultationId } = booking;
  await walker.step({
    title: "The confirmed booking has a consultation",
    call: () => patient.client.getConsultation({ consultationId }),
    has: { status: "SCHEDULED", bookingId: booking.id },
    eventually: true,
  });
  await walker.step({
    title: "The patient joins the waiting room",
    call: () => patient.client.joinConsultation({ consultationId }),
    has: { status: "WAITING" },
  });
  await walker.step({
    title: "The doctor starts it",
    call: () => doctor.client.startConsultation({ consultationId }),
    has: { status: "IN_PROGRESS" },
  });
  const notes = "Regular pulse, no murmur. ECG ordered. Less coffee.";
  await walker.step({
    title: "The doctor completes it with notes",
    call: () => doctor.client.completeConsultation({ consultationId, notes }),
    has: { status: "COMPLETED" },
  });
}

async function prescribe(walker: Walker, { doctor, booking: { consultationId } }: Meeting): Promise<void> {
  const items = [
    { medication: "Metoprolol", dosage: "25 mg", frequency: "twice a day", durationDays: 14, refills: 1 },
  ];
  await walker.step({
    title: "The doctor writes a prescription",
    call: () => doctor.client.createPrescription({ consultationId, content: "Take with food.", items }),
    has: { status: "ACTIVE" },
  });
}

async function readAsPatient(walker: Walker, { patient, booking }: Meeting): Promise<void> {
  const { id: bookingId, consultationId, paymentId } = booking;
  const { client } = patient;
  await walker.step({
    title: "The fee is charged",
    call: () => client.getPayment({ paymentId }),
    has: { status: "CAPTURED" },
    eventually: true,
  });
  await walker.step({
    title: "The patient reads the booking …",
    call: () => client.getBooking({ bookingId }),
    has: { status: "COMPLETED" },
    eventually: true,
  });
  await walker.step({
    title: "… the notes …",
    call: () => client.getConsultation({ consultationId }),
    has: { status: "COMPLETED" },
  });
  await walker.step({
    title: "… and the prescription",
    call: () => client.listPrescriptions({ consultationId }),
  });
}
