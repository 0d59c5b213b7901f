import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  Booking,
  BookingServiceService,
  type CancelBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { ApiError } from "../errors/api-error.ts";
import { newId } from "../ids/ids.ts";
import { invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import type { Effect } from "./effect.ts";
import { Idempotency } from "./idempotency.ts";

let service: TestService;

beforeAll(async () => {
  service = await startTestService("billing");
});
afterAll(() => service.close());

test("the sweep of expired keys stops when its process does", async () => {
  const { db, cipher, hash, clock } = service;
  const forgotten = new Idempotency(db, cipher, hash).sweep(clock.now(), AbortSignal.abort());
  await expect(forgotten).rejects.toMatchObject({ name: "AbortError" });
});

describe("a request that changed nothing", () => {
  const caller = userCaller("PATIENT");

  /** Sends a request whose use case has the given effect. */
  const cancel = (request: CancelBookingRequest, effect: () => Effect<Booking>) =>
    invoke(
      BookingServiceService.cancelBooking,
      (_, call) =>
        service.calls.apply(
          call,
          async () => effect(),
          ({ id }) => [{ resource: `bookings/${id}`, subjectIds: [], action: "booking.get", isRead: true }],
        ),
      caller,
      request,
    );

  /**
   * Sends the first request with a key. The request changes nothing, and the response is a booking with a
   * long reason.
   * @returns the request to repeat, and helpers
   */
  async function repeated() {
    const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
    const state = (reason: string) => Booking.fromPartial({ id: request.bookingId, reason });
    const unchanged = (reason: string) => () => ({ response: state(reason), entries: [] });
    await cancel(request, unchanged("x".repeat(10_000)));
    const audited = async () => {
      const sql = "SELECT action FROM audit_events WHERE resource = ? ORDER BY id";
      const rows = await service.db.read<{ action: string }>(sql, [`bookings/${request.bookingId}`]);
      return rows.map(({ action }) => action);
    };
    return { request, state, unchanged, audited };
  }

  test("stores its key without an answer", async () => {
    await repeated();
    const rows = await service.db.read<{ bytes: number | null }>(
      "SELECT LENGTH(answer) AS bytes FROM idempotency_keys",
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ bytes }) => bytes !== null)).toEqual([]);
  });

  test("gets the current state at each repeat, which is audited as a read", async () => {
    const { request, state, unchanged, audited } = await repeated();
    expect(await cancel(request, unchanged("later"))).toEqual({ response: state("later"), replayed: true });
    expect(await audited()).toEqual(["booking.get", "booking.get"]);
  });

  test("is refused with IDEMPOTENCY_KEY_OUTDATED if its repeat would change something", async () => {
    const { request, state, unchanged, audited } = await repeated();
    const entries = [{ resource: `bookings/${request.bookingId}`, subjectIds: [], action: "booking.cancel" }];
    const changes = () => ({ response: state("changed"), entries });
    await expect(cancel(request, changes)).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_OUTDATED" });
    expect(await audited()).toEqual(["booking.get"]);
    expect(await cancel(request, unchanged("later"))).toMatchObject({ replayed: true });
  });

  test("gets its repeat's refusal, which is not stored", async () => {
    const { request, unchanged } = await repeated();
    const refused = cancel(request, () => {
      throw new ApiError("BOOKING_STARTED");
    });
    await expect(refused).rejects.toMatchObject({ reason: "BOOKING_STARTED", replayed: false });
    expect(await cancel(request, unchanged("later"))).toMatchObject({ replayed: true });
  });

  test("reserves its key: another request with it is refused", async () => {
    const { request, unchanged } = await repeated();
    const other = cancel({ ...request, reason: "Another" }, unchanged(""));
    await expect(other).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
  });

  test("changes nothing in any of eight concurrent repeats", async () => {
    const request = { bookingId: newId(), reason: "", idempotencyKey: newId() };
    const response = Booking.fromPartial({ id: request.bookingId });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => cancel(request, () => ({ response, entries: [] }))),
    );
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });
});
