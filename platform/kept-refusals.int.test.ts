import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  Booking,
  BookingServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { ApiError } from "./errors/api-error.ts";
import { catalogue, type Reason } from "./errors/catalogue.ts";
import { newId } from "./ids.ts";
import { invoke, startTestService, type TestService, userCaller } from "./testing/test-service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("billing");
});
afterAll(() => service.close());

const reasons = [...catalogue.values()];

/** Makes one request twice with one key, by rules that may refuse it each time. @returns the second outcome */
async function outcomeOfSecond(first: Reason | undefined, second: Reason | undefined): Promise<string> {
  const caller = userCaller("PATIENT");
  const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
  const answer = Booking.fromPartial({ id: request.bookingId });
  const call = (refusal: Reason | undefined) =>
    invoke(
      BookingServiceService.cancelBooking,
      (_, call) =>
        service.changes.apply(call, async () => {
          if (refusal) throw new ApiError(refusal);
          return { response: answer, trails: [] };
        }),
      caller,
      request,
    );
  if (first) await expect(call(first)).rejects.toMatchObject({ reason: first });
  else await call(first);
  return await call(second).then(
    ({ replayed }) => (replayed ? "replayed" : "decided anew"),
    (error: ApiError) => `${error.reason} again`,
  );
}

test.each(reasons)("a key refused with $reason behaves as the catalogue says", async ({ reason, isKept }) => {
  expect(await outcomeOfSecond(reason, undefined)).toBe(isKept ? `${reason} again` : "decided anew");
});

test.each(reasons)(
  "a key's success is replayed although $reason refuses by then, unless that is a fault",
  async ({ reason, httpStatus }) => {
    expect(await outcomeOfSecond(undefined, reason)).toBe(httpStatus < 500 ? "replayed" : `${reason} again`);
  },
);

test("a key's success is replayed although the same request by then fails with traces", async () => {
  const caller = userCaller("PATIENT");
  const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
  const answer = Booking.fromPartial({ id: request.bookingId });
  const resource = `bookings/${request.bookingId}`;
  const call = (response: Booking | ApiError) =>
    invoke(
      BookingServiceService.cancelBooking,
      (_, call) =>
        service.changes.apply(call, async () => ({ response, trails: [{ resource, subjectIds: [] }] })),
      caller,
      request,
    );
  await call(answer);
  expect(await call(new ApiError("UNAUTHENTICATED"))).toMatchObject({ replayed: true, response: answer });
  const traces = await service.db.read("SELECT 1 FROM audit_events WHERE resource = ?", [resource]);
  expect(traces).toHaveLength(1);
});

/** Refusals that nothing lifts. */
const FINAL = [
  "BOOKING_CLOSED",
  "CANNOT_CHANGE_SELF",
  "DOCTOR_DIFFERS",
  "DOCTOR_EXISTS",
  "EMAIL_TAKEN",
  "FEE_DIFFERS",
  "HOLD_EXPIRED",
  "NAME_TAKEN",
  "NOTES_LOCKED",
  "PAYMENT_DECLINED",
];

/**
 * Refusals that only a later change of the resource lifts: its time, status, amount or set-up. The caller decides again about
 * the changed resource, which is another request; a late duplicate of this one must not move, refund or switch off anything.
 */
const LIFTED_BY_A_CHANGE = [
  "BOOKING_STARTED",
  "ILLEGAL_TRANSITION",
  "IMPLAUSIBLE_CHECKPOINT",
  "MFA_ALREADY_ACTIVE",
  "MFA_NOT_ACTIVE",
  "MFA_NOT_SET_UP",
  "REFUND_EXCEEDS_CAPTURED",
  "RESCHEDULE_TOO_LATE",
  "TIME_DIFFERS",
  "TOO_LATE",
];

test("a refusal is kept only if nothing lifts it, or only a later change of the resource", () => {
  const kept = reasons.filter(({ isKept }) => isKept).map(({ reason }) => reason);
  expect(kept.sort()).toEqual([...FINAL, ...LIFTED_BY_A_CHANGE].sort());
});
