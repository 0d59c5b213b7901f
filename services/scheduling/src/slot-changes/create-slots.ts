import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  BatchCreateSlotsRequest,
  BatchCreateSlotsResponse,
  CreateSlotRequest,
  Slot,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { dayIn } from "../schedules/slot-time-rules.ts";
import { countFutureSlots, findOverlapping, guardSlotsOf, insertSlots } from "../slots/new-slot-store.ts";
import { batchViolations, findOverlap, type Interval, slotViolations } from "../slots/slot-rules.ts";

/**
 * SlotService.CreateSlot. Throws NOT_FOUND, NOT_OWNER, DOCTOR_PROFILE_REQUIRED, SLOT_OVERLAP, TOO_MANY_SLOTS.
 */
export async function createSlot(
  app: Scheduling,
  { doctorId, startTime, endTime }: CreateSlotRequest,
  call: Call,
): Promise<Slot> {
  // biome-ignore lint/style/noNonNullAssertion: the validation rules of the request require both times
  const interval = { startTime: startTime!, endTime: endTime! };
  const violations = slotViolations(interval, app.businessClock.now(), "");
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  await assertOwnProfile(app, doctorId, call);
  return await app.calls.apply(call, async (tx) => {
    const slots = await createAll(app, tx, doctorId, [interval]);
    // biome-ignore lint/style/noNonNullAssertion: one interval makes one slot
    const slot = slots[0]!;
    return changed(slot, { resource: `slots/${slot.id}`, subjectIds: [doctorId] });
  });
}

/** SlotService.BatchCreateSlots: creates all slots or none. Throws the same errors as CreateSlot. */
export async function batchCreateSlots(
  app: Scheduling,
  { doctorId, slots: times }: BatchCreateSlotsRequest,
  call: Call,
): Promise<BatchCreateSlotsResponse> {
  // biome-ignore lint/style/noNonNullAssertion: the validation rules of the request require both times
  const intervals = times.map(({ startTime, endTime }) => ({ startTime: startTime!, endTime: endTime! }));
  const violations = batchViolations(intervals, app.businessClock.now());
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  await assertOwnProfile(app, doctorId, call);
  return await app.calls.apply(call, async (tx) => {
    const slots = await createAll(app, tx, doctorId, intervals);
    return changed({ slots }, { resource: `doctors/${doctorId}/slots`, subjectIds: [doctorId] });
  });
}

/** Creates all slots, or none. Throws DOCTOR_PROFILE_REQUIRED, SLOT_OVERLAP, TOO_MANY_SLOTS. */
async function createAll(
  { businessClock, doctorMaxSlots }: Scheduling,
  tx: Transaction,
  doctorId: string,
  intervals: Interval[],
): Promise<(Slot & Interval)[]> {
  const doctor = await guardSlotsOf(tx, doctorId);
  if (!doctor) throw new ApiError("DOCTOR_PROFILE_REQUIRED");
  const overlap = findOverlap([...intervals, ...(await findOverlapping(tx, doctorId, spanOf(intervals)))]);
  if (overlap) {
    throw new ApiError("SLOT_OVERLAP", { metadata: { startTime: overlap.startTime.toISOString() } });
  }
  if (doctorMaxSlots > 0) {
    const count = await countFutureSlots(tx, doctorId, businessClock.now());
    if (count + intervals.length > doctorMaxSlots) {
      throw new ApiError("TOO_MANY_SLOTS", { metadata: { limit: String(doctorMaxSlots) } });
    }
  }
  const slots = intervals.map((interval): Slot & Interval => ({
    id: newId(),
    doctorId,
    ...interval,
    status: "OPEN",
    fee: doctor.fee,
  }));
  insertSlots(
    tx,
    slots.map((slot) => ({ slot, day: dayIn(doctor.timeZone, slot.startTime) })),
  );
  return slots;
}

const spanOf = (intervals: Interval[]): Interval => ({
  startTime: new Date(Math.min(...intervals.map(({ startTime }) => startTime.getTime()))),
  endTime: new Date(Math.max(...intervals.map(({ endTime }) => endTime.getTime()))),
});
