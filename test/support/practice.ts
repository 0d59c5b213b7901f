import { type Account, signUp } from "./accounts.ts";
import type { Api, Json } from "./api.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** A consultation may begin 15 minutes before its time: one that starts so soon can be held now. */
export const SOON_MS = 10 * MINUTE_MS;

export const FEE = { currencyCode: "USD", amountMinor: "5000" };

/** A time of a length from now on, as slots are made of. */
export function timeFromNow(startsInMs: number, lengthMs = 30 * MINUTE_MS) {
  const startMs = Date.now() + startsInMs;
  return { startTime: new Date(startMs).toISOString(), endTime: new Date(startMs + lengthMs).toISOString() };
}

/** Registers a doctor and publishes a profile; without a fee consultations are free. */
export async function openPractice(api: Api, profile: Json = {}): Promise<Account> {
  const doctor = await signUp(api, "DOCTOR");
  await publish(doctor, profile);
  return doctor;
}

export async function publish({ id, api }: Account, profile: Json = {}): Promise<Json> {
  const licenseNumber = `T-${id.slice(-12)}`;
  return await api.ok("POST /v1/doctors", { body: { licenseNumber, specialty: "Cardiology", ...profile } });
}

/** Offers a time. @returns the slot's id */
export async function offer({ id, api }: Account, startsInMs: number, lengthMs?: number): Promise<string> {
  const slot = await api.ok(`POST /v1/doctors/${id}/slots`, { body: timeFromNow(startsInMs, lengthMs) });
  return String(slot.id);
}

/** A booking's ids. */
export interface Booked {
  id: string;
  consultationId: string;
  paymentId: string;
}

export async function book({ api }: Account, slotId: string, reason = "A cough"): Promise<Booked> {
  const booking = await api.ok("POST /v1/bookings", { key: true, body: { slotId, reason } });
  return {
    id: String(booking.id),
    consultationId: String(booking.consultationId),
    paymentId: String(booking.paymentId),
  };
}
