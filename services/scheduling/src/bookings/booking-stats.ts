import type { BookingStats } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { countByDay, countByStatus } from "./booking-store.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/** BookingService.GetBookingStats. */
export const getBookingStats = (app: Scheduling) => async (): Promise<BookingStats> => {
  const since = new Date(app.clock.now().getTime() - WEEK_MS);
  const [byStatus, byDay] = await Promise.all([countByStatus(app.db), countByDay(app.db, since)]);
  return {
    bookingsByStatus: Object.fromEntries(byStatus.map(({ status, count }) => [status, Number(count)])),
    bookingsByDay: Object.fromEntries(byDay.map(({ day, count }) => [day, Number(count)])),
  };
};
