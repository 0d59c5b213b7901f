import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { applyEvent, type EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { noteHeard } from "@medconnect/platform/inbox/inbox.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { SELF } from "../actor.ts";
import type { Scheduling } from "../app.ts";
import { applyConsultationEvent } from "../bookings/apply-consultation-events.ts";
import { applyPaymentAuthorized } from "../bookings/apply-payment-events.ts";
import { type BookingEventType, type BookingRow, bookingEntry } from "../bookings/booking.ts";
import { lockBooking, saveBooking } from "../bookings/booking-store.ts";
import type { Disputed } from "./compare-bookings.ts";
import type { Remedy } from "./reconciliation-rules.ts";

export type Repairing = Pick<
  Scheduling,
  "db" | "clock" | "transactions" | "log" | "jurisdiction" | "bookingLimits"
>;

type News = Extract<Remedy, { hear: string }>["hear"];

const ACTION = "booking.reconcile";

/**
 * Applies a remedy, unless the booking has changed since it was compared: then somebody else, such as another
 * replica's reconciliation, was faster.
 *
 * @returns whether it was applied
 */
export async function repairBooking(app: Repairing, disputed: Disputed, remedy: Remedy): Promise<boolean> {
  let isApplied = false;
  await app.transactions.run(SELF, async (tx) => {
    const row = await lockBooking(tx, disputed.row.id);
    isApplied = row?.version === disputed.row.version;
    if (!row || !isApplied) return [];
    return "tell" in remedy
      ? tellAgain(tx, row, remedy.tell, app.clock.now())
      : hear(app, tx, disputed, remedy.hear);
  });
  return isApplied;
}

/** The same state under a new version: whoever has heard of the last one takes it, and ends up where it should be. */
function tellAgain(tx: Transaction, row: BookingRow, type: BookingEventType, now: Date): AuditEntry[] {
  const told: BookingRow = { ...row, version: row.version + 1 };
  saveBooking(tx, told, now);
  return [{ ...bookingEntry(type, told), action: ACTION }];
}

/**
 * Applies what a snapshot says by the same rule as the event that did not come. Should the event come after all (its
 * outbox row was dead, and is replayed), it finds that it was heard. The inbox is locked after the booking here, the
 * other way round than when an event comes: where both meet, the transaction runs again.
 */
async function hear(app: Repairing, tx: Transaction, disputed: Disputed, type: News): Promise<AuditEntry[]> {
  const event = eventOf(disputed, type);
  noteHeard(tx, event.aggregateId, event.version);
  const handler: EventHandler =
    type === "payment.authorized" ? applyPaymentAuthorized(app) : applyConsultationEvent(type);
  const entries = await applyEvent(tx, handler, event, app.clock);
  const { resource, subjectIds } = entries[0]!;
  return [{ action: ACTION, resource, subjectIds }, ...entries];
}

/** The event as it would have come. */
function eventOf({ row, payment, consultation }: Disputed, type: News): Event {
  if (type === "payment.authorized") {
    const { paymentId: aggregateId, version, authorizeTime } = payment!;
    const value = { bookingId: row.id, authorizeTime };
    return Event.fromPartial({ type, aggregateId, version, state: { $case: "payment", value } });
  }
  const { consultationId: aggregateId, version, startTime, endTime } = consultation!;
  const { noShowParty = "PARTY_UNSPECIFIED", lateParty = "PARTY_UNSPECIFIED" } = consultation!;
  const value = { bookingId: row.id, noShowParty, lateParty, startTime, endTime };
  return Event.fromPartial({ type, aggregateId, version, state: { $case: "consultation", value } });
}
