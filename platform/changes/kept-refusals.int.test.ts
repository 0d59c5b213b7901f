import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  Booking,
  BookingServiceService,
  type CancelBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { ApiError } from "../errors/api-error.ts";
import { catalogue, type Reason } from "../errors/catalogue.ts";
import type { Call } from "../grpc/call.ts";
import { newId } from "../ids/ids.ts";
import { invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("billing");
});
afterAll(() => service.close());

const reasons = [...catalogue.values()];

type Handler = (request: CancelBookingRequest, call: Call) => Promise<Booking>;

/** Result of a use case that changed the booking: it has an audit entry. */
const changedBy = ({ bookingId }: CancelBookingRequest) => ({
  response: Booking.fromPartial({ id: bookingId }),
  entries: [{ resource: `bookings/${bookingId}`, subjectIds: [] }],
});

/**
 * Makers of handlers, by the kind of transaction in which the handler runs. If `refusal` is set, the handler
 * refuses each request with that reason.
 */
const WAYS: Record<string, (refusal: Reason | undefined) => Handler> = {
  "by itself": (refusal) => (request, call) =>
    service.calls.apply(call, async () => {
      if (refusal) throw new ApiError(refusal);
      return changedBy(request);
    }),
  "in a group": (refusal) =>
    service.calls.grouped<CancelBookingRequest, CancelBookingRequest, CancelBookingRequest, Booking>({
      rowsOf: ({ request }) => [request.bookingId],
      lock: async (_, asked) => asked.map(({ request }) => request),
      decide: (_, { request }) => {
        if (refusal) throw new ApiError(refusal);
        return request;
      },
      write: (_, requests) => requests.map(changedBy),
    }),
};

describe.each(Object.entries(WAYS))("the key of a use case %s", (way, handlerFor) => {
  /**
   * Sends one request twice with the same key. A business rule refuses the first call with the reason
   * `first`, and the second call with the reason `second`. If the reason is undefined, the rule allows the
   * call.
   * @returns the outcome of the second call
   */
  async function outcomeOfSecond(first: Reason | undefined, second: Reason | undefined): Promise<string> {
    const caller = userCaller("PATIENT");
    const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
    const call = (refusal: Reason | undefined) =>
      invoke(BookingServiceService.cancelBooking, handlerFor(refusal), caller, request);
    if (first) await expect(call(first)).rejects.toMatchObject({ reason: first });
    else await call(first);
    return await call(second).then(
      ({ replayed }) => (replayed ? "replayed" : "decided anew"),
      (error: ApiError) => `${error.reason} again`,
    );
  }

  test.each(reasons)("refused with $reason behaves as the catalogue says", async ({ reason, isKept }) => {
    expect(await outcomeOfSecond(reason, undefined)).toBe(isKept ? `${reason} again` : "decided anew");
  });

  // A group looks for used idempotency keys before it decides a request, so it always replays a success. A
  // use case that runs by itself decides first. If the decision fails with a server fault (5xx), the use case
  // does not look for the key.
  test.each(reasons)(
    "replays its success although $reason would refuse the repeat, unless that is a fault by itself",
    async ({ reason, httpStatus }) => {
      const isFault = httpStatus >= 500 && way === "by itself";
      expect(await outcomeOfSecond(undefined, reason)).toBe(isFault ? `${reason} again` : "replayed");
    },
  );
});

test("a key's success is replayed although the repeat would fail with an audit line", async () => {
  const caller = userCaller("PATIENT");
  const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
  const answer = Booking.fromPartial({ id: request.bookingId });
  const resource = `bookings/${request.bookingId}`;
  const call = (response: Booking | ApiError) =>
    invoke(
      BookingServiceService.cancelBooking,
      (_, call) =>
        service.calls.apply(call, async () => ({ response, entries: [{ resource, subjectIds: [] }] })),
      caller,
      request,
    );
  await call(answer);
  expect(await call(new ApiError("UNAUTHENTICATED"))).toMatchObject({ replayed: true, response: answer });
  const traces = await service.db.read("SELECT 1 FROM audit_events WHERE resource = ?", [resource]);
  expect(traces).toHaveLength(1);
});

/** Refusals that no later change can lift. */
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
 * Refusals that end only when the resource changes: its time, status, amount or set-up. Such a refusal is
 * stored. Otherwise a late duplicate of the refused request could reschedule, refund or disable something
 * after the change. To try again after the change, the caller sends a new request with a new key.
 */
const LIFTED_BY_A_CHANGE = [
  "BOOKING_STARTED",
  "ILLEGAL_TRANSITION",
  "IMPLAUSIBLE_CHECKPOINT",
  "MFA_ALREADY_ACTIVE",
  "MFA_NOT_ACTIVE",
  "MFA_NOT_SET_UP",
  "NOTICE_TOO_SHORT",
  "REFUND_EXCEEDS_CAPTURED",
  "RESCHEDULE_TOO_LATE",
  "TIME_DIFFERS",
  "TOO_LATE",
];

test("a refusal is stored only if it is final, or only a later change of the resource lifts it", () => {
  const kept = reasons.filter(({ isKept }) => isKept).map(({ reason }) => reason);
  expect(kept.sort()).toEqual([...FINAL, ...LIFTED_BY_A_CHANGE].sort());
});
