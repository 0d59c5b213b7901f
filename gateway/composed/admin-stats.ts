import type { MethodDefinition } from "@grpc/grpc-js";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { within } from "@medconnect/platform/grpc/client.ts";
import { lastDays } from "@medconnect/platform/stats/utc-days.ts";
import type { DayActivity, GetStatsRequest, Stats } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { ComposedCall } from "./composed-call.ts";
import { isUnavailable } from "./is-unavailable.ts";

/**
 * Time in ms to wait for each service. A service that takes longer is reported as unavailable, so that it
 * does not delay the figures of the other services.
 */
const TIMEOUT_MS = 2000;

/**
 * Reads the figures of all services concurrently and combines them. If a service is unavailable, the answer
 * names it and lacks its figures. Throws UNAVAILABLE if all services are unavailable, because then none has
 * checked the permission of the caller.
 */
export async function getStats(
  _request: GetStatsRequest,
  { services, options }: ComposedCall,
): Promise<Stats> {
  const soon = { ...options, deadline: Math.min(options.deadline, within(TIMEOUT_MS)) };
  const unavailable: ServiceName[] = [];
  async function ask<T>(service: ServiceName, method: MethodDefinition<object, T>): Promise<T | undefined> {
    try {
      return (await services.call(service, method, {}, soon)).message;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      unavailable.push(service);
      return undefined;
    }
  }
  const [users, bookings, consultations, payments] = await Promise.all([
    ask("auth", UserServiceService.getUserStats),
    ask("scheduling", BookingServiceService.getBookingStats),
    ask("clinical", ConsultationServiceService.getConsultationStats),
    ask("billing", PaymentServiceService.getPaymentStats),
  ]);
  if (unavailable.length === SERVICES.length) throw new ApiError("UNAVAILABLE");
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
    unavailable: unavailable.sort(),
  };
}
