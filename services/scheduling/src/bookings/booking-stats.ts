import { figures } from "@medconnect/platform/stats/figures.ts";
import { byName, lastDays } from "@medconnect/platform/stats/utc-days.ts";
import type { BookingStats } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { countByDay, countByStatus } from "./booking-stats-store.ts";

/** BookingService.GetBookingStats. Figures are at most 15 s old. */
export const getBookingStats = figures("stats/bookings", async (app: Scheduling): Promise<BookingStats> => {
  const days = lastDays(app.businessClock.now());
  // The statements run one after the other, because the pool for scans is small.
  const statuses = await countByStatus(app.db);
  // biome-ignore lint/style/noNonNullAssertion: `lastDays` returns seven dates
  const made = await countByDay(app.db, new Date(days[0]!));
  return { bookingsByStatus: byName(statuses), bookingsByDay: byName(made, days) };
});
