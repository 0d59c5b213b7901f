import type { CreateDoctorRequest, Doctor } from "@medconnect/client";
import { type Account, signUp } from "./accounts.ts";
import type { Api } from "./api.ts";
import { eventually } from "./eventually.ts";
import { verifyLicense } from "./licensing.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** Time until a consultation starts. Below 15 minutes, so that both sides can join and start at once. */
export const SOON_MS = 10 * MINUTE_MS;

/** Maximum time until a booking has become a consultation in clinical, on a busy machine. */
const CONFIRMED_WITHIN_MS = 15_000;

export const FEE = { currencyCode: "USD", amountMinor: "5000" };

/** Returns start and end of a slot that starts this long after now. */
export function timeFromNow(startsInMs: number, lengthMs = 30 * MINUTE_MS) {
  const startMs = Date.now() + startsInMs;
  return { startTime: new Date(startMs).toISOString(), endTime: new Date(startMs + lengthMs).toISOString() };
}

/** Fields of a doctor's profile that differ from the usual ones. */
export type Profile = Partial<CreateDoctorRequest>;

/**
 * Registers a doctor with a profile and a verified licence. Without a fee in the profile, consultations are
 * free.
 */
export async function openPractice(api: Api, profile: Profile = {}): Promise<Account> {
  const doctor = await signUp(api, "DOCTOR");
  await publish(doctor, profile);
  return doctor;
}

/** Creates the doctor's profile, and verifies the licence as an admin. */
export async function publish(doctor: Account, profile: Profile = {}): Promise<Doctor> {
  const { id, licenses } = await claim(doctor, profile);
  const { fullName } = await doctor.client.getMe();
  await verifyLicense(doctor.api.url, licenses[0]!.id, fullName);
  return await doctor.client.getDoctor({ doctorId: id });
}

/** Creates the doctor's profile. Its licence stays pending. */
export async function claim({ id, client }: Account, profile: Profile = {}): Promise<Doctor> {
  const license = { licenseNumber: `T-${id.slice(-12)}`, licenseRegion: "US-CA" };
  return await client.createDoctor({ ...license, specialty: "Cardiology", ...profile });
}

/** Creates a slot. @returns its id */
export async function offer({ id, client }: Account, startsInMs: number, lengthMs?: number): Promise<string> {
  return (await client.createSlot({ doctorId: id, ...timeFromNow(startsInMs, lengthMs) })).id;
}

export interface Booked {
  id: string;
  consultationId: string;
  paymentId: string;
}

export async function book({ client }: Account, slotId: string, reason = "A cough"): Promise<Booked> {
  const { id, consultationId, paymentId } = await client.createBooking({ slotId, reason });
  // A booking that is free of charge has no payment.
  return { id, consultationId, paymentId: String(paymentId) };
}

/** Lets the patient join and the doctor start. First waits until clinical knows the confirmed booking. */
export async function begin(patient: Account, doctor: Account, consultationId: string): Promise<void> {
  await eventually(
    () => patient.api.send(`POST /v1/consultations/${consultationId}:join`),
    ({ status }) => status === 200,
    CONFIRMED_WITHIN_MS,
  );
  await doctor.client.startConsultation({ consultationId });
}
