import { byName, lastDays } from "@medconnect/platform/utc-days.ts";
import type { BookingStats } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { countByDay, countByStatus } from "./booking-store.ts";

/** BookingService.GetBookingStats. */
export const getBookingStats = (app: Scheduling) => async (): Promise<BookingStats> => {
  const days = lastDays(app.clock.now());
  const [statuses, made] = await Promise.all([countByStatus(app.db), countByDay(app.db, new Date(days[0]!))]);
  return { bookingsByStatus: byName(statuses), bookingsByDay: byName(made, days) };
};
