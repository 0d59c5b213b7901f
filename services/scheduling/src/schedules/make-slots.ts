import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Schedule } from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { countFutureSlots, guardSlotsOf, insertSlots } from "../slots/new-slot-store.ts";
import {
  findPresentSlots,
  lockPresentSlots,
  removeSlots,
  setOnRelease,
} from "../slots/scheduled-slot-store.ts";
import type { Interval } from "../slots/slot-rules.ts";
import { buffersOf, horizonOf, hoursOf } from "./schedule-rules.ts";
import {
  findDueSchedules,
  lockSchedule,
  postponeSlots,
  remakeForNewRules,
  setSlotsUntil,
} from "./schedule-store.ts";
import { around, planSlots, type SlotPlan } from "./slot-plan-rules.ts";
import { type SlotTime, slotTimes } from "./slot-time-rules.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Time for which one transaction makes slots. It locks the doctor's slots for some 20 ms. */
const WINDOW_MS = 7 * DAY_MS;
/** Time between two extensions of a schedule to its horizon. */
const EXTENSION_MS = DAY_MS;

/** Sweep that makes the slots of schedules up to their horizons. Any replica may run it. */
export function sweepSchedules(app: Scheduling): (signal?: AbortSignal) => Promise<void> {
  // The rules of time zones are those of the process, so they are compared once.
  let areRulesCompared = false;
  return async (signal) => {
    const now = app.businessClock.now();
    if (!areRulesCompared) await remakeForNewRules(app.db, now);
    areRulesCompared = true;
    const find = (limit: number) => findDueSchedules(app.db, now, limit);
    const work = (doctorId: string) => makeSlots(app, doctorId, signal);
    await sweep({ find, work, failure: "slots of a schedule cannot be made", signal }, app.log);
  };
}

/** Makes the slots of a doctor's schedule, in a transaction for each week. Stops between two of them. */
export async function makeSlots(app: Scheduling, doctorId: string, signal?: AbortSignal): Promise<void> {
  for (let isDue = true; isDue; ) {
    signal?.throwIfAborted();
    await app.transactions.run(SERVICE_ACTOR, async (tx) => {
      const made = await makeNextSlots(app, tx, doctorId);
      isDue = made.isDue;
      return made.entries;
    });
  }
}

/** Makes the slots of the next week. Then none of them is due: `isDue` is false. */
async function makeNextSlots(
  app: Scheduling,
  tx: Transaction,
  doctorId: string,
): Promise<{ isDue: boolean; entries: AuditEntry[] }> {
  const now = app.businessClock.now();
  const doctor = await guardSlotsOf(tx, doctorId);
  const stored = await lockSchedule(tx, doctorId);
  if (!stored) return DONE;
  const tomorrow = new Date(now.getTime() + EXTENSION_MS);
  const horizon = horizonOf(stored.schedule, now);
  const end = later(horizon, stored.staleUntil);
  const from = later(stored.slotsUntil, now);
  if (!doctor || from >= end) {
    postponeSlots(tx, doctorId, tomorrow);
    return DONE;
  }
  const to = earlier(new Date(from.getTime() + WINDOW_MS), end);
  const wanted = slotTimes(hoursOf(stored.schedule), { startTime: from, endTime: earlier(to, horizon) });
  const plan = await planWeek(tx, doctorId, { startTime: from, endTime: to }, wanted, stored.schedule);
  removeSlots(tx, plan.remove);
  setOnRelease(tx, plan.outside, "WITHDRAWN");
  setOnRelease(tx, plan.reinstate, "OPEN");
  const create = plan.create.slice(0, await roomFor(app, tx, doctorId, plan.create.length, now));
  insertSlots(
    tx,
    create.map(({ day, startTime, endTime }) => ({
      slot: { id: newId(), doctorId, startTime, endTime, status: "OPEN", fee: doctor.fee },
      day,
    })),
    true,
  );
  const isDue = to < end;
  setSlotsUntil(tx, doctorId, to, isDue ? now : tomorrow);
  const entry = { action: "schedule.make_slots", resource: `doctors/${doctorId}`, subjectIds: [doctorId] };
  const made = create.length + plan.remove.length > 0 ? [entry] : [];
  return { isDue, entries: [...made, ...outsideEntries(doctorId, plan)] };
}

/** Audit entries of bookings that now lie outside of the schedule, also because the rules of a time zone changed. */
const outsideEntries = (doctorId: string, { outside }: SlotPlan): AuditEntry[] =>
  outside
    .filter(({ onRelease }) => onRelease === "OPEN")
    .map(({ bookingId }) => ({
      action: "schedule.leave_booking_outside",
      resource: `bookings/${bookingId}`,
      subjectIds: [doctorId],
    }));

const DONE = { isDue: false, entries: [] };

/** Plans a week, and locks the slots that leave the schedule, so that they stay free or taken until the commit. */
async function planWeek(
  tx: Transaction,
  doctorId: string,
  week: Interval,
  wanted: SlotTime[],
  schedule: Schedule,
): Promise<SlotPlan<SlotTime>> {
  const buffers = buffersOf(schedule);
  const present = await findPresentSlots(tx, doctorId, around(week, buffers));
  const { remove, outside } = planSlots(wanted, present, week, buffers);
  const locked = new Map(
    (await lockPresentSlots(tx, [...remove, ...outside])).map((slot) => [slot.id, slot]),
  );
  return planSlots(
    wanted,
    present.map((slot) => locked.get(slot.id) ?? slot),
    week,
    buffers,
  );
}

/** Number of new slots that the limit of the doctor's future slots allows. */
async function roomFor(
  { doctorMaxSlots }: Scheduling,
  tx: Transaction,
  doctorId: string,
  wanted: number,
  now: Date,
): Promise<number> {
  if (doctorMaxSlots === 0 || wanted === 0) return wanted;
  return Math.max(0, doctorMaxSlots - (await countFutureSlots(tx, doctorId, now)));
}

const later = (a: Date, b: Date) => (a > b ? a : b);
const earlier = (a: Date, b: Date) => (a < b ? a : b);
