import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  CancellationPreview,
  PreviewCancellationRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { feeOf } from "../money/fee.ts";
import { factsOf } from "./booking.ts";
import { cutoffOf, decideCancel } from "./booking-rules.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/** BookingService.PreviewCancellation. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED. */
export async function previewCancellation(
  app: Scheduling,
  { bookingId }: PreviewCancellationRequest,
  call: Call,
): Promise<CancellationPreview> {
  const user = userOf(call);
  const row = await findOwnBooking(app, user, bookingId);
  const facts = factsOf(row);
  const decided = decideCancel(facts, user.role, app.businessClock.now(), app.cancelCutoffMs);
  // biome-ignore lint/style/noNonNullAssertion: a booking that is already cancelled has a fee decision
  const feeDecision = decided ?? row.feeDecision!;
  if (user.role !== "PATIENT") {
    await app.audit.record(call, [{ resource: `bookings/${row.id}`, subjectIds: [row.patientId] }]);
  }
  if (row.paymentId === null) return { feeDecision: undefined, amount: undefined, cutoffTime: undefined };
  return {
    feeDecision,
    amount: feeOf(row),
    cutoffTime: facts.movePending ? undefined : cutoffOf(facts, app.cancelCutoffMs),
  };
}
