import { isDeepStrictEqual } from "node:util";
import { assertEtag, etagOf } from "@medconnect/platform/api/update-mask.ts";
import { changed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ReplaceScheduleRequest,
  ReplaceScheduleResponse,
  Schedule,
} from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { setBookingRules } from "../doctors/doctor-store.ts";
import { guardSlotsOf } from "../slots/new-slot-store.ts";
import { findPresentSlots } from "../slots/scheduled-slot-store.ts";
import { makeSlots } from "./make-slots.ts";
import {
  bookingRulesOf,
  buffersOf,
  horizonOf,
  hoursOf,
  scheduleViolations,
  withDefaults,
} from "./schedule-rules.ts";
import {
  contentOf,
  findSchedule,
  lockSchedule,
  remakeSlots,
  replaceSchedule as replace,
  type StoredSchedule,
} from "./schedule-store.ts";
import { around, planSlots, type SlotPlan } from "./slot-plan-rules.ts";
import { slotTimes } from "./slot-time-rules.ts";

/** Time for which the call makes slots before it answers. The job makes those that are left. */
const MAKE_MS = 1000;
const MAX_BOOKINGS_OUTSIDE = 100;

/**
 * ScheduleService.ReplaceSchedule: stores the schedule, and makes its first slots. A job makes the others within
 * seconds. Counts are those of the time of the request. Throws NOT_FOUND, NOT_OWNER, DOCTOR_PROFILE_REQUIRED,
 * ETAG_MISMATCH, TOO_MANY_SLOTS.
 */
export async function replaceSchedule(
  app: Scheduling,
  { doctorId, schedule: wanted, validateOnly }: ReplaceScheduleRequest,
  call: Call,
): Promise<ReplaceScheduleResponse> {
  // biome-ignore lint/style/noNonNullAssertion: the validation rules of the request require the schedule
  const schedule = withDefaults(wanted!);
  const violations = scheduleViolations(schedule);
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  await assertOwnProfile(app, doctorId, call);
  const now = app.businessClock.now();
  const current = await findSchedule(app.db, doctorId, now);
  if (!current) throw new ApiError("DOCTOR_PROFILE_REQUIRED");
  const plan = await planOf(app, doctorId, schedule, current, now);
  if (validateOnly) {
    assertEtag(schedule.etag, current.version);
    return responseOf(plan, { ...schedule, etag: etagOf(current.version) });
  }
  const answer = await app.calls.apply(call, async (tx) => {
    // Doctor, schedule, slots: the lock order of every transaction.
    await guardSlotsOf(tx, doctorId);
    const locked = await lockSchedule(tx, doctorId);
    const version = locked?.version ?? 0;
    assertEtag(schedule.etag, version);
    const entry = { resource: `doctors/${doctorId}/schedule`, subjectIds: [doctorId] };
    if (locked && isSame(locked.schedule, schedule)) {
      remakeSlots(tx, doctorId, now);
      return changed(responseOf(plan, locked.schedule), entry);
    }
    setBookingRules(tx, doctorId, bookingRulesOf(schedule));
    const staleUntil = locked ? later(locked.slotsUntil, locked.staleUntil) : now;
    replace(tx, doctorId, { schedule, version: version + 1, slotsUntil: now, staleUntil }, now);
    return changed(responseOf(plan, { ...schedule, updateTime: now, etag: etagOf(version + 1) }), entry);
  });
  await makeFirstSlots(app, doctorId);
  return answer;
}

/** Makes slots until the time is up. The job goes on, and repeats what has failed. */
async function makeFirstSlots(app: Scheduling, doctorId: string): Promise<void> {
  const timeIsUp = AbortSignal.timeout(MAKE_MS);
  await makeSlots(app, doctorId, timeIsUp).catch((error: unknown) => {
    if (!timeIsUp.aborted) app.log.warn({ err: error }, "slots of a schedule cannot be made yet");
  });
}

async function planOf(
  app: Scheduling,
  doctorId: string,
  schedule: Schedule,
  current: StoredSchedule,
  now: Date,
): Promise<SlotPlan> {
  const horizon = horizonOf(schedule, now);
  const end = later(horizon, later(current.slotsUntil, current.staleUntil));
  const times = slotTimes(hoursOf(schedule), { startTime: now, endTime: horizon });
  assertWithinLimit(app, times.length);
  const window = { startTime: now, endTime: end };
  const buffers = buffersOf(schedule);
  const present = await findPresentSlots(app.db, doctorId, around(window, buffers));
  const plan = planSlots(times, present, window, buffers);
  const live = present.filter(({ status }) => status !== "WITHDRAWN").length;
  assertWithinLimit(app, live - plan.remove.length + plan.create.length);
  return plan;
}

/** Throws TOO_MANY_SLOTS. */
function assertWithinLimit({ doctorMaxSlots }: Scheduling, count: number): void {
  if (doctorMaxSlots > 0 && count > doctorMaxSlots)
    throw new ApiError("TOO_MANY_SLOTS", { metadata: { limit: String(doctorMaxSlots) } });
}

function responseOf({ create, remove, outside }: SlotPlan, schedule: Schedule): ReplaceScheduleResponse {
  return {
    schedule,
    slotsAdded: create.length,
    slotsRemoved: remove.length,
    bookingsOutside: outside.flatMap(({ bookingId }) => bookingId ?? []).slice(0, MAX_BOOKINGS_OUTSIDE),
  };
}

const isSame = (a: Schedule, b: Schedule): boolean => isDeepStrictEqual(contentOf(a), contentOf(b));

const later = (a: Date, b: Date) => (a > b ? a : b);
