import { readTrails } from "@medconnect/platform/changes/changes.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { FeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import type {
  Booking,
  CloseBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { bookingTrail, closeReasonPlace } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import {
  CLOSED,
  type CloseOutcome,
  type Closing,
  type ClosingFacts,
  closesNow,
  type Settlement,
} from "./booking-rules.ts";
import { type BookingRow, lockBooking, saveBooking, saveClose } from "./booking-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

const SETTLEMENTS: Readonly<Record<Exclude<FeeDecision, "FEE_DECISION_UNSPECIFIED">, Settlement>> = {
  RELEASE: "RETURN",
  CHARGE: "CAPTURE",
};

/** BookingService.CloseBooking. Throws NOT_FOUND, ILLEGAL_TRANSITION, TOO_EARLY, MOVE_NOT_ACCEPTED, BOOKING_CLOSED. */
export const closeBooking =
  (app: Scheduling) =>
  async (request: CloseBookingRequest, call: Call): Promise<Booking> => {
    const { bookingId, reason } = request;
    const user = userOf(call);
    // The contract refuses unspecified values.
    const outcome = request.outcome as CloseOutcome;
    const settlement = SETTLEMENTS[request.feeDecision as keyof typeof SETTLEMENTS];
    await findOwnBooking(app, user, bookingId);
    const close = async (tx: Transaction) => {
      const now = app.clock.now();
      const row = (await lockBooking(tx, bookingId))!;
      const closing = { outcome, settlement, reason, adminId: user.userId };
      if (!closesNow(closingFactsOf(row, app.box), closing, now))
        return { response: viewOf(user, row, now, app.box), trails: [] };
      const closed: BookingRow = {
        ...row,
        status: CLOSED[outcome],
        version: row.version + 1,
        settlement,
        close_outcome: outcome,
        close_time: now,
        closed_by: user.userId,
        close_reason: app.box.seal(closeReasonPlace(row), reason),
      };
      saveBooking(tx, closed, now);
      saveClose(tx, closed);
      return { response: viewOf(user, closed, now, app.box), trails: [bookingTrail("closed", closed)] };
    };
    return await app.changes.apply(call, close, (booking) =>
      readTrails("booking.get", readsOf(user, [booking])),
    );
  };

const closingFactsOf = (row: BookingRow, box: SealedBox): ClosingFacts => ({
  status: row.status,
  holdExpireTime: row.hold_expire_time,
  movePending: row.move_pending === 1,
  endTime: row.end_time,
  closing: row.close_outcome === null ? undefined : closingOf(row, row.close_outcome, box),
});

const closingOf = (row: BookingRow, outcome: CloseOutcome, box: SealedBox): Closing => ({
  outcome,
  settlement: row.settlement!,
  reason: box.open(closeReasonPlace(row), row.close_reason).toString(),
  adminId: row.closed_by!,
});
