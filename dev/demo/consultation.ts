import { randomUUID } from "node:crypto";
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
  const path = `/v1/consultations/${booking.consultationId}`;
  await walker.step({
    title: "The confirmed booking has a consultation",
    call: `GET ${path}`,
    token: patient.token,
    expect: 200,
    has: { status: "SCHEDULED", bookingId: booking.id },
    eventually: true,
  });
  await walker.step({
    title: "The patient joins the waiting room",
    call: `POST ${path}:join`,
    token: patient.token,
    expect: 200,
    has: { status: "WAITING" },
  });
  await walker.step({
    title: "The doctor starts it",
    call: `POST ${path}:start`,
    token: doctor.token,
    expect: 200,
    has: { status: "IN_PROGRESS" },
  });
  await walker.step({
    title: "The doctor completes it with notes",
    call: `POST ${path}:complete`,
    token: doctor.token,
    body: { notes: "Regular pulse, no murmur. ECG ordered. Less coffee." },
    expect: 200,
    has: { status: "COMPLETED" },
  });
}

async function prescribe(walker: Walker, { doctor, booking }: Meeting): Promise<void> {
  const items = [
    { medication: "Metoprolol", dosage: "25 mg", frequency: "twice a day", durationDays: 14, refills: 1 },
  ];
  await walker.step({
    title: "The doctor writes a prescription",
    call: `POST /v1/consultations/${booking.consultationId}/prescriptions`,
    token: doctor.token,
    key: randomUUID(),
    body: { content: "Take with food.", items },
    expect: 201,
    has: { status: "ACTIVE" },
  });
}

async function readAsPatient(walker: Walker, { patient: { token }, booking }: Meeting): Promise<void> {
  await walker.step({
    title: "The fee is charged",
    call: `GET /v1/payments/${booking.paymentId}`,
    token,
    expect: 200,
    has: { status: "CAPTURED" },
    eventually: true,
  });
  await walker.step({
    title: "The patient reads the booking …",
    call: `GET /v1/bookings/${booking.id}`,
    token,
    expect: 200,
    has: { status: "COMPLETED" },
    eventually: true,
  });
  await walker.step({
    title: "… the notes …",
    call: `GET /v1/consultations/${booking.consultationId}`,
    token,
    expect: 200,
    has: { status: "COMPLETED" },
  });
  await walker.step({
    title: "… and the prescription",
    call: `GET /v1/prescriptions?consultationId=${booking.consultationId}`,
    token,
    expect: 200,
  });
}
