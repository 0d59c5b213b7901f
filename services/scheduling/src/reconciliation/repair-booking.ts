import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { applyEvent, type EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { noteHeard } from "@medconnect/platform/inbox/inbox-store.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { applyConsultationEvent } from "../bookings/apply-consultation-events.ts";
import { applyPaymentAuthorized } from "../bookings/apply-payment-events.ts";
import { type BookingEventType, type BookingRow, bookingEntry } from "../bookings/booking.ts";
import { lockBooking, saveBooking } from "../bookings/booking-store.ts";
import type { Disputed } from "./compare-bookings.ts";
import type { Remedy } from "./disagreement.ts";

export type Repairing = Pick<
  Scheduling,
  "db" | "businessClock" | "transactions" | "log" | "jurisdiction" | "bookingLimits"
>;

type AppliedEvent = Extract<Remedy, { apply: string }>["apply"];

const ACTION = "booking.reconcile";

/**
 * Repairs a booking with a remedy, unless the booking has changed since the comparison. For example, another
 * replica may have repaired the booking.
 *
 * @returns true if the remedy was applied
 */
export async function repairBooking(app: Repairing, disputed: Disputed, remedy: Remedy): Promise<boolean> {
  let isApplied = false;
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const row = await lockBooking(tx, disputed.row.id);
    isApplied = row?.version === disputed.row.version;
    if (!row || !isApplied) return [];
    return "send" in remedy
      ? sendAgain(tx, row, remedy.send, app.businessClock.now())
      : applyMissed(app, tx, disputed, remedy.apply);
  });
  return isApplied;
}

/**
 * Sends the booking's state as an event with a new version, so that the receivers do not skip it as outdated.
 */
function sendAgain(tx: Transaction, row: BookingRow, type: BookingEventType, now: Date): AuditEntry[] {
  const next: BookingRow = { ...row, version: row.version + 1 };
  saveBooking(tx, next, now);
  return [{ ...bookingEntry(type, next), action: ACTION }];
}

/**
 * Applies a lost event, rebuilt from a snapshot, with the handler of its type. If somebody replays the lost
 * event later, the inbox skips it. This transaction locks the booking and then the inbox, but a delivery
 * locks the inbox first. If the two deadlock, this transaction is retried.
 */
async function applyMissed(
  app: Repairing,
  tx: Transaction,
  disputed: Disputed,
  type: AppliedEvent,
): Promise<AuditEntry[]> {
  const event = eventOf(disputed, type);
  noteHeard(tx, event.aggregateId, event.version);
  const handler: EventHandler =
    type === "payment.authorized" ? applyPaymentAuthorized(app) : applyConsultationEvent(type);
  const entries = await applyEvent(tx, handler, event, app.businessClock);
  // biome-ignore lint/style/noNonNullAssertion: every remedy changes its booking, which leaves an entry
  const { resource, subjectIds } = entries[0]!;
  return [{ action: ACTION, resource, subjectIds }, ...entries];
}

/** Rebuilds the lost event from the snapshot on which the remedy is based. */
function eventOf({ row, payment, consultation }: Disputed, type: AppliedEvent): Event {
  if (type === "payment.authorized") {
    // biome-ignore lint/style/noNonNullAssertion: the remedy is based on this payment, so it exists
    const { paymentId: aggregateId, version, authorizeTime } = payment!;
    const value = { bookingId: row.id, authorizeTime };
    return Event.fromPartial({ type, aggregateId, version, state: { $case: "payment", value } });
  }
  // biome-ignore lint/style/noNonNullAssertion: the remedy is based on this consultation, so it exists
  const snapshot = consultation!;
  const { consultationId: aggregateId, version, startTime, endTime } = snapshot;
  const { noShowParty = "PARTY_UNSPECIFIED", lateParty = "PARTY_UNSPECIFIED" } = snapshot;
  const value = { bookingId: row.id, noShowParty, lateParty, startTime, endTime };
  return Event.fromPartial({ type, aggregateId, version, state: { $case: "consultation", value } });
}
