import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { changePayment, entriesOf, entryOf } from "./change-payment.ts";
import type { PaymentRow } from "./payment.ts";
import { insertPayments, lockPayments } from "./payment-store.ts";

interface Change {
  /** Undefined if the event creates the payment. */
  before: PaymentRow | undefined;
  after: PaymentRow;
}

/** A payment's id, and those ids of its booking that an event contains. */
export type PaymentIds = Pick<PaymentRow, "id"> &
  Partial<Pick<PaymentRow, "bookingId" | "consultationId" | "patientId" | "doctorId">>;

/**
 * Handler of events that change one payment each.
 *
 * @param idsOf returns the ids in an event, which must equal the ids in the payment's row; `id` is "" for a
 * free booking
 * @param change returns the payment after an event; `before` is undefined if the payment does not exist yet
 */
export const applyToPayments = (
  app: Billing,
  idsOf: (event: Event) => PaymentIds,
  change: (before: PaymentRow | undefined, event: Event, now: Date) => PaymentRow,
): EventHandler<PaymentRow | "FREE", Change> => ({
  lock: async (tx, events) => {
    const ids = events.map((event) => idsOf(event).id);
    const rows = await lockPayments(
      tx,
      ids.filter((id) => id !== ""),
    );
    return ids.map((id) => (id === "" ? "FREE" : rows.get(id)));
  },
  rowsOf: (before) => (before === "FREE" ? [] : [before.id]),
  decide: (before, event, now) => {
    if (before === "FREE") return undefined;
    if (before) assertOwnRow<PaymentIds>(before, idsOf(event));
    return { before, after: change(before, event, now) };
  },
  write: (tx, changes) => {
    insertPayments(
      tx,
      changes.filter(({ before }) => !before).map(({ after }) => after),
    );
    return changes.map(({ before, after }) =>
      before
        ? entriesOf(before, changePayment(app, tx, before, after))
        : [entryOf(after, { action: "payment.cancel" })],
    );
  },
});
