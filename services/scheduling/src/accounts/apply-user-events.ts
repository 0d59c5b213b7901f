import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { copyAccount } from "../doctors/doctor-store.ts";
import { endBookingsOfPatient } from "../endings/end-bookings-of-patient.ts";
import { endUnlicensedBookings } from "../endings/end-unlicensed-bookings.ts";
import { withdrawSlots } from "../endings/withdraw-slots.ts";
import { compareNames } from "../licenses/licensing-store.ts";
import { savePeople } from "../people/people-store.ts";
import { remakeSlots } from "../schedules/schedule-store.ts";

/**
 * Handles the events user.*: copies an account's name and state. A doctor's public name stays the one that an
 * admin verified. If a doctor's account is disabled, the profile is hidden and the open slots are withdrawn.
 * The future bookings of a disabled doctor or patient are cancelled without a fee.
 */
export const applyUserEvents = (app: Scheduling): EventHandler<never, Event> => ({
  decide: (_facts, event) => event,
  write: async (tx, events) => {
    savePeople(
      tx,
      events.map((event) => ({ userId: event.aggregateId, ...stateOf(event, "user") })),
    );
    const entries: AuditEntry[][] = [];
    for (const event of events) entries.push(await follow(app, tx, event));
    return entries;
  },
});

/**
 * Applies what follows from an account's new state. A doctor's profile gets the state, and the doctor's name
 * is compared with the verified licences. If the account is disabled, future bookings are cancelled, and a
 * doctor's open slots are withdrawn. If it is enabled again, the slots of the doctor's schedule are made again.
 */
async function follow(app: Scheduling, tx: Transaction, event: Event): Promise<AuditEntry[]> {
  const { aggregateId: userId } = event;
  const { fullName, disabled, role } = stateOf(event, "user");
  const isChanged = role === "DOCTOR" && (await copyAccount(tx, userId, fullName, disabled));
  if (role === "DOCTOR") compareNames(tx, userId, fullName, app.businessClock.now());
  const end = role === "DOCTOR" ? endPractice : endBookingsOfPatient;
  const ahead = disabled ? await end(app, tx, userId) : [];
  if (isChanged && !disabled) remakeSlots(tx, userId, app.businessClock.now());
  return isChanged ? [doctorEntry(disabled ? "doctor.hide" : "doctor.show", userId), ...ahead] : ahead;
}

const doctorEntry = (action: string, userId: string): AuditEntry => ({
  action,
  resource: `doctors/${userId}`,
  subjectIds: [userId],
});

/**
 * Cancels a first batch of a disabled doctor's future bookings, and withdraws a first batch of the doctor's
 * open slots. The sweeps cancel and withdraw the rest.
 */
async function endPractice(app: Scheduling, tx: Transaction, doctorId: string): Promise<AuditEntry[]> {
  const now = app.businessClock.now();
  const cancelled = await endUnlicensedBookings(app, tx, doctorId, now);
  // Slots are withdrawn after the bookings are cancelled, because each cancellation opens a slot again.
  return [...cancelled, ...(await withdrawSlots(tx, doctorId, now))];
}
