import { lastDays } from "@medconnect/platform/stats/utc-days.ts";
import type { DayActivity, GetStatsRequest, Stats } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { AvailableServices } from "./available-services.ts";
import type { ComposedCall } from "./composed-call.ts";

/**
 * Reads the figures of all services concurrently and combines them. If a service is unavailable, the answer
 * names it and lacks its figures. Throws UNAVAILABLE if all services are unavailable, because then none has
 * checked the permission of the caller.
 */
export async function getStats(_request: GetStatsRequest, call: ComposedCall): Promise<Stats> {
  const asked = new AvailableServices(call);
  const [users, bookings, consultations, payments] = await Promise.all([
    asked.ask("auth", UserServiceService.getUserStats, {}),
    asked.ask("scheduling", BookingServiceService.getBookingStats, {}),
    asked.ask("clinical", ConsultationServiceService.getConsultationStats, {}),
    asked.ask("billing", PaymentServiceService.getPaymentStats, {}),
  ]);
  const unavailable = asked.unavailable();
  const readTime = new Date();
  return {
    usersByRole: users?.usersByRole ?? {},
    bookingsByStatus: bookings?.bookingsByStatus ?? {},
    consultationsByStatus: consultations?.consultationsByStatus ?? {},
    paymentsByStatus: payments?.paymentsByStatus ?? {},
    revenue: payments?.revenue ?? [],
    activity: lastDays(readTime)
      .reverse()
      .map(
        (date): DayActivity => ({
          date,
          registrations: users?.registrationsByDay[date] ?? 0,
          bookings: bookings?.bookingsByDay[date] ?? 0,
          consultations: consultations?.completedByDay[date] ?? 0,
        }),
      ),
    readTime,
    unavailable,
  };
}
