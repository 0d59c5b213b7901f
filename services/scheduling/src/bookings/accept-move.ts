import { readTrails, type Trail } from "@medconnect/platform/changes/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  AcceptMoveRequest,
  Booking,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { bookingTrail, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { acceptsMove } from "./booking-rules.ts";
import { type BookingRow, lockBooking, saveBooking } from "./booking-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/** BookingService.AcceptMove. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED, TIME_DIFFERS. */
export const acceptBookingMove =
  (app: Scheduling) =>
  async ({ bookingId, startTime, endTime }: AcceptMoveRequest, call: Call): Promise<Booking> => {
    const user = userOf(call);
    await findOwnBooking(app, user, bookingId);
    const accept = async (tx: Transaction) => {
      const now = app.clock.now();
      const row = (await lockBooking(tx, bookingId))!;
      // The contract requires both times.
      if (!acceptsMove(factsOf(row), { startTime: startTime!, endTime: endTime! }, now))
        return { response: viewOf(user, row, now, app.box), trails: [] };
      const { accepted, trail } = saveAcceptance(tx, row, now);
      return { response: viewOf(user, accepted, now, app.box), trails: [trail] };
    };
    return await app.changes.apply(call, accept, (booking) =>
      readTrails("booking.get", readsOf(user, [booking])),
    );
  };

/** Accepts the move of a locked booking. @returns the saved booking, and the audit entry of the change */
export function saveAcceptance(
  tx: Transaction,
  row: BookingRow,
  now: Date,
): { accepted: BookingRow; trail: Trail } {
  const accepted: BookingRow = { ...row, move_pending: 0, version: row.version + 1 };
  saveBooking(tx, accepted, now);
  return { accepted, trail: { ...bookingTrail("move_accepted", accepted), action: "booking.accept_move" } };
}
