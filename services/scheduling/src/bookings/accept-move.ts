import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  AcceptMoveRequest,
  Booking,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { type BookingRow, bookingEntry, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { acceptsMove } from "./booking-rules.ts";
import { lockKnownBooking, saveBooking } from "./booking-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/** BookingService.AcceptMove. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED, TIME_DIFFERS. */
export async function acceptBookingMove(
  app: Scheduling,
  { bookingId, startTime, endTime }: AcceptMoveRequest,
  call: Call,
): Promise<Booking> {
  const user = userOf(call);
  await findOwnBooking(app, user, bookingId);
  const accept = async (tx: Transaction) => {
    const now = app.businessClock.now();
    const row = await lockKnownBooking(tx, bookingId);
    // biome-ignore lint/style/noNonNullAssertion: the validation rules of the request require both times
    if (!acceptsMove(factsOf(row), { startTime: startTime!, endTime: endTime! }, now))
      return unchanged(viewOf(user, row, now, app.cipher));
    const { accepted, entry } = saveAcceptance(tx, row, now);
    return changed(viewOf(user, accepted, now, app.cipher), entry);
  };
  return await app.calls.apply(call, accept, (booking) =>
    readEntries("booking.get", readsOf(user, [booking])),
  );
}

/** Accepts the move of a locked booking. @returns the saved booking and its audit entry */
export function saveAcceptance(
  tx: Transaction,
  row: BookingRow,
  now: Date,
): { accepted: BookingRow; entry: AuditEntry } {
  const accepted: BookingRow = { ...row, movePending: false, version: row.version + 1 };
  saveBooking(tx, accepted, now);
  return { accepted, entry: { ...bookingEntry("move_accepted", accepted), action: "booking.accept_move" } };
}
