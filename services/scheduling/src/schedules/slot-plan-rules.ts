import type { Interval, PresentSlot } from "../slots/slot-rules.ts";

/** Changes that make a doctor's slots those of the schedule. */
export interface SlotPlan<Time extends Interval = Interval> {
  create: Time[];
  /** Open or blocked slots of the schedule that are no longer in it. */
  remove: PresentSlot[];
  /** Held or booked slots of the schedule that are no longer in it. They stay until their bookings end. */
  outside: PresentSlot[];
  /** Held or booked slots that are in the schedule again. */
  reinstate: PresentSlot[];
}

/** Breaks that no other slot may overlap, in ms. */
export interface Buffers {
  beforeMs: number;
  afterMs: number;
}

/**
 * Compares the slots that a doctor has with those of the schedule.
 *
 * A slot of the schedule is not made where one stays that overlaps it or its breaks: one that is held or booked,
 * or that the doctor made. Where the doctor withdrew a slot of the schedule, none is made either.
 *
 * Takes linear time, because both lists are ordered and have no overlap: a doctor may have 10,000 slots.
 *
 * @param wanted times of the schedule that begin in the window, by start
 * @param present slots that are in or near the window. Those that begin outside of it are not changed
 */
export function planSlots<Time extends Interval>(
  wanted: readonly Time[],
  present: readonly PresentSlot[],
  window: Interval,
  buffers: Buffers,
): SlotPlan<Time> {
  const wantedTimes = new Set(wanted.map(timesOf));
  const isWanted = (slot: PresentSlot) => wantedTimes.has(timesOf(slot));
  const made = present.filter(
    ({ fromSchedule, startTime }) =>
      fromSchedule && startTime >= window.startTime && startTime < window.endTime,
  );
  const unwanted = made.filter((slot) => slot.status !== "WITHDRAWN" && !isWanted(slot));
  const [remove, outside] = [unwanted.filter(isFree), unwanted.filter((slot) => !isFree(slot))];
  const reinstate = made.filter((slot) => slot.onRelease === "WITHDRAWN" && isWanted(slot));
  const decided = new Set(made.map(timesOf));
  const removed = new Set(remove);
  const staying = present.filter((slot) => slot.status !== "WITHDRAWN" && !removed.has(slot));
  const free = withoutOverlap(wanted, staying, buffers);
  return { create: free.filter((slot) => !decided.has(timesOf(slot))), remove, outside, reinstate };
}

/** Slots that overlap no other one. @param slots by start */
function withoutOverlap<Time extends Interval>(
  slots: readonly Time[],
  others: readonly Interval[],
  { beforeMs, afterMs }: Buffers,
): Time[] {
  const byStart = others.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const breaksMs = beforeMs + afterMs;
  let next = 0;
  return slots.filter(({ startTime, endTime }) => {
    const endsBefore = (other: Interval) => other.endTime.getTime() + breaksMs <= startTime.getTime();
    for (let other = byStart[next]; other && endsBefore(other); other = byStart[next]) next += 1;
    const nearest = byStart[next];
    return !nearest || nearest.startTime.getTime() >= endTime.getTime() + breaksMs;
  });
}

/** The window, and the time around it in which a slot may overlap one of the window, with its breaks. */
export const around = ({ startTime, endTime }: Interval, { beforeMs, afterMs }: Buffers): Interval => ({
  startTime: new Date(startTime.getTime() - beforeMs - afterMs),
  endTime: new Date(endTime.getTime() + beforeMs + afterMs),
});

const timesOf = ({ startTime, endTime }: Interval) => `${startTime.getTime()}-${endTime.getTime()}`;

/** True if no patient holds or has booked the slot. */
const isFree = ({ status }: PresentSlot) => status === "OPEN" || status === "BLOCKED";
