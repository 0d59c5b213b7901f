import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import type {
  Schedule,
  TimeRange,
  WeeklyHours_Day,
} from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import type { Buffers } from "./slot-plan-rules.ts";
import { type Hours, minutesOf, type Weekday } from "./slot-time-rules.ts";

const DAY_MS = 24 * 60 * 60_000;
const DEFAULT_HORIZON_DAYS = 60;
const MINUTE_MS = 60_000;

const DAYS: Record<Exclude<WeeklyHours_Day, "DAY_UNSPECIFIED">, Weekday> = {
  MONDAY: 1,
  TUESDAY: 2,
  WEDNESDAY: 3,
  THURSDAY: 4,
  FRIDAY: 5,
  SATURDAY: 6,
  SUNDAY: 7,
};

/** A schedule with the defaults of its absent fields. */
export const withDefaults = (schedule: Schedule): Schedule => ({
  ...schedule,
  bufferBefore: schedule.bufferBefore ?? NO_TIME,
  bufferAfter: schedule.bufferAfter ?? NO_TIME,
  minimumNotice: schedule.minimumNotice ?? NO_TIME,
  horizonDays: schedule.horizonDays || DEFAULT_HORIZON_DAYS,
});

const NO_TIME = { seconds: 0, nanos: 0 };

/** Violations of the rules for a schedule that the contract cannot declare. */
export function scheduleViolations(schedule: Schedule): FieldViolation[] {
  const { weeklyHours, overrides, travel, validFrom, validUntil } = schedule;
  const isReversed = validFrom !== "" && validUntil !== "" && validUntil < validFrom;
  return [
    ...(isReversed
      ? [{ field: "schedule.valid_until", description: "must not be before the first day" }]
      : []),
    ...travel.flatMap(({ startDate, endDate }, i) =>
      endDate < startDate
        ? [{ field: `schedule.travel[${i}].end_date`, description: "must not be before the start" }]
        : [],
    ),
    ...durationViolations(schedule),
    ...rangeViolations(
      weeklyHours,
      (i) => `schedule.weekly_hours[${i}]`,
      ({ day }) => day,
    ),
    ...overrides.flatMap(({ ranges }, i) =>
      rangeViolations(
        ranges,
        (j) => `schedule.overrides[${i}].ranges[${j}]`,
        () => "",
      ),
    ),
    ...overrides.flatMap(({ date }, i) =>
      overrides.findIndex((other) => other.date === date) === i
        ? []
        : [{ field: `schedule.overrides[${i}].date`, description: "must not have an override already" }],
    ),
    ...travel.flatMap(({ startDate, endDate }, i) =>
      travel.some((other, j) => j < i && startDate <= other.endDate && other.startDate <= endDate)
        ? [{ field: `schedule.travel[${i}].start_date`, description: "must not lie within another journey" }]
        : [],
    ),
  ];
}

/** Slots begin on whole minutes of the wall clock, so their lengths and breaks are whole minutes. */
const durationViolations = (schedule: Schedule): FieldViolation[] =>
  (["slotLength", "bufferBefore", "bufferAfter"] as const).flatMap((name) =>
    durationMs(schedule[name]) % MINUTE_MS === 0
      ? []
      : [
          {
            field: `schedule.${name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)}`,
            description: "must be whole minutes, such as 1800s",
          },
        ],
  );

function rangeViolations<R extends TimeRange>(
  ranges: readonly R[],
  pathOf: (index: number) => string,
  dayOf: (range: R) => string,
): FieldViolation[] {
  return ranges.flatMap((range, i) => {
    const [from, to] = [minutesOf(range.startTime), minutesOf(range.endTime)];
    if (from >= to) return [{ field: `${pathOf(i)}.end_time`, description: "must be after the start" }];
    const isTaken = ranges.some(
      (other, j) =>
        j < i &&
        dayOf(other) === dayOf(range) &&
        from < minutesOf(other.endTime) &&
        minutesOf(other.startTime) < to,
    );
    return isTaken
      ? [{ field: `${pathOf(i)}.start_time`, description: "must not overlap other hours of the day" }]
      : [];
  });
}

export const hoursOf = (schedule: Schedule): Hours => ({
  timeZone: schedule.timeZone,
  weekly: schedule.weeklyHours.flatMap(({ day, startTime, endTime }) =>
    day === "DAY_UNSPECIFIED" ? [] : [{ day: DAYS[day], startTime, endTime }],
  ),
  overrides: schedule.overrides,
  travel: schedule.travel,
  validFrom: schedule.validFrom,
  validUntil: schedule.validUntil,
  slotLengthMs: durationMs(schedule.slotLength),
  bufferBeforeMs: durationMs(schedule.bufferBefore),
  bufferAfterMs: durationMs(schedule.bufferAfter),
});

export const buffersOf = (schedule: Schedule): Buffers => ({
  beforeMs: durationMs(schedule.bufferBefore),
  afterMs: durationMs(schedule.bufferAfter),
});

export const bookingRulesOf = ({ minimumNotice, maxPerDay, maxPerWeek }: Schedule) => ({
  minimumNotice: Math.ceil(durationMs(minimumNotice) / 1000),
  maxPerDay,
  maxPerWeek,
});

/** End of the time for which slots are made. */
export const horizonOf = ({ horizonDays }: Schedule, now: Date): Date =>
  new Date(now.getTime() + horizonDays * DAY_MS);

const durationMs = (duration: Schedule["slotLength"]): number =>
  duration ? Number(duration.seconds) * 1000 + duration.nanos / 1_000_000 : 0;
