import type { DailyCount } from "@medconnect/platform/stats/daily-counts.ts";
import type { DailySeries_Figure } from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import type {
  Booking_Party,
  Booking_Status,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";

/** Figures that count how often bookings reach a status. */
const FIGURES: Partial<Record<Booking_Status, DailySeries_Figure>> = {
  CONFIRMED: "BOOKINGS_CONFIRMED",
  CANCELLED: "BOOKINGS_CANCELLED",
  EXPIRED: "BOOKINGS_EXPIRED",
  NO_SHOW: "BOOKINGS_NO_SHOW",
};

/** Facts of a booking that decide in which figures it counts. */
interface Counted {
  status: Booking_Status;
  cancelledBy: Booking_Party | null;
}

/** Counts of a new booking. */
export const creationCounts = (created: Counted, time: Date): DailyCount[] => [
  { figure: "BOOKINGS_CREATED", time },
  ...changeCounts("PENDING_PAYMENT", created, time),
];

/** End statuses that a booking can leave: by a late payment, and by the consultation's own end. */
const LEFT: ReadonlySet<Booking_Status> = new Set(["EXPIRED", "NO_SHOW"]);

/** Counts of a change of status. A booking that leaves an end status is subtracted from its figure. */
export function changeCounts(before: Booking_Status, after: Counted, time: Date): DailyCount[] {
  if (after.status === before) return [];
  const [left, reached] = [LEFT.has(before) ? FIGURES[before] : undefined, FIGURES[after.status]];
  return [
    ...(left ? [{ figure: left, amount: -1, time }] : []),
    ...(reached ? [{ figure: reached, time, ...(after.cancelledBy && { label: after.cancelledBy }) }] : []),
  ];
}
