import { randomUUID } from "node:crypto";
import { type Account, logIn, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { begin, book, DAY_MS, FEE, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

/** A patient, a doctor and an admin. `signedInAtMs` is the time of their last sign-in. */
export interface SignedIn {
  patient: Account;
  doctor: Account;
  admin: Account;
  signedInAtMs: number;
}

/** The users who send random requests ("junk"), and the objects that these requests could damage. */
export interface Cast extends SignedIn {
  /** Existing ids, by the name of the request field that takes such an id. */
  ids: Record<string, string[]>;
}

export const ROLES = ["anonymous", "patient", "doctor", "admin"] as const;
export type CastRole = (typeof ROLES)[number];

/**
 * Creates the users and objects for random requests: a doctor with open, booked and held slots, the doctor's
 * patient, a completed consultation, and an admin.
 */
export async function makeCast(): Promise<Cast> {
  const stack = sharedStack();
  const api = new Api(stack.urls.gateway);
  const [doctor, patient, bystander, admin] = await Promise.all([
    openPractice(api),
    signUp(api, "PATIENT"),
    signUp(api, "PATIENT"),
    signUpAdmin(api, stack),
  ]);
  const completed = await book(patient, await offer(doctor, SOON_MS));
  const consultation = `/v1/consultations/${completed.consultationId}`;
  await begin(patient, doctor, completed.consultationId);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: "All well." } });
  await doctor.api.ok(`POST ${consultation}/addenda`, { body: { text: "No allergies." } });
  const prescription = await doctor.api.ok(`POST ${consultation}/prescriptions`, {
    key: true,
    body: { content: "Rest." },
  });
  const open = [await offer(doctor, 3 * DAY_MS), await offer(doctor, 4 * DAY_MS)];
  await doctor.api.ok(`PATCH /v1/doctors/${doctor.id}`, { body: { fee: FEE } });
  const held = await book(patient, await offer(doctor, 5 * DAY_MS));
  const license = await doctor.api.ok(`POST /v1/doctors/${doctor.id}/licenses`, {
    body: { number: randomUUID(), region: "DE" },
  });
  const missing = randomUUID();
  return {
    patient,
    doctor,
    admin,
    signedInAtMs: Date.now(),
    ids: {
      doctorId: [doctor.id, patient.id, missing],
      // An account that sends no requests. A request of the admin may disable it.
      userId: [bystander.id, missing],
      patientId: [patient.id, missing],
      subjectId: [patient.id, missing],
      serviceAccountId: [missing],
      licenseId: [String(license.id), missing],
      slotId: [...open, missing],
      bookingId: [completed.id, held.id, missing],
      consultationId: [completed.consultationId, missing],
      prescriptionId: [String(prescription.id), missing],
      paymentId: [held.paymentId, missing],
    },
  };
}

/** Time after which users sign in again: far below the lifetime of an access token. */
const SIGN_IN_EVERY_MS = 120_000;

/**
 * Signs all users in again if their tokens are old. On a busy machine, the tests take longer than a token's
 * lifetime.
 */
export async function staySignedIn(cast: SignedIn): Promise<void> {
  if (Date.now() - cast.signedInAtMs < SIGN_IN_EVERY_MS) return;
  const api = new Api(sharedStack().urls.gateway);
  for (const account of [cast.patient, cast.doctor, cast.admin]) {
    Object.assign(account, await logIn(api, account));
  }
  cast.signedInAtMs = Date.now();
}

export const tokenOf = (cast: Cast, role: CastRole): string | undefined =>
  role === "anonymous" ? undefined : cast[role].token;

/** Reads all objects of the patient and the doctor, each as its owner. */
export async function belongings({ patient, doctor }: Cast): Promise<Json[]> {
  const reads = [
    patient.api.ok("GET /v1/users/me"),
    patient.api.ok("GET /v1/bookings?pageSize=100"),
    patient.api.ok("GET /v1/payments?pageSize=100"),
    patient.api.ok("GET /v1/consultations?pageSize=100"),
    patient.api.ok("GET /v1/prescriptions?pageSize=100"),
    doctor.api.ok("GET /v1/users/me"),
    doctor.api.ok(`GET /v1/doctors/${doctor.id}`),
    doctor.api.ok(`GET /v1/doctors/${doctor.id}/slots?pageSize=100`),
  ];
  return await Promise.all(reads);
}
