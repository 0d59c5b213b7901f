import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { startProcess } from "@medconnect/platform/service/lifecycle.ts";
import { runService } from "@medconnect/platform/service/service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { DoctorServiceService } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { ScheduleServiceService } from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { topologyOf } from "@medconnect/topology/topology.ts";
import { EVENT_ROUTES, type Scheduling } from "./app.ts";
import { acceptBookingMove } from "./bookings/accept-move.ts";
import { bookSlot } from "./bookings/book-slot.ts";
import { getBookingStats } from "./bookings/booking-stats.ts";
import { cancelBooking } from "./bookings/cancel-booking.ts";
import { closeBooking } from "./bookings/close-booking.ts";
import { previewCancellation } from "./bookings/preview-cancellation.ts";
import { getBooking, listBookings } from "./bookings/read-bookings.ts";
import { rescheduleBooking } from "./bookings/reschedule-booking.ts";
import { consumersOf } from "./consumers.ts";
import { jobsOf } from "./jobs.ts";
import { createLicense } from "./licenses/create-license.ts";
import { rejectLicense, revokeLicense, verifyLicense } from "./licenses/decide-license.ts";
import { getLicense, listDoctorLicenses, listLicenses } from "./licenses/read-licenses.ts";
import { watchPending } from "./licenses/watch-pending.ts";
import { createDoctor } from "./profiles/create-doctor.ts";
import { getDoctor } from "./profiles/get-doctor.ts";
import { searchDoctors } from "./profiles/search-doctors.ts";
import { updateDoctor } from "./profiles/update-doctor.ts";
import { RemoteSnapshots } from "./reconciliation/snapshots.ts";
import { getSchedule } from "./schedules/get-schedule.ts";
import { replaceSchedule } from "./schedules/replace-schedule.ts";
import { bookingLimitsOf, schedulingSettings } from "./settings.ts";
import { blockSlot, unblockSlot, withdrawSlot } from "./slot-changes/change-slot.ts";
import { batchCreateSlots, createSlot } from "./slot-changes/create-slots.ts";
import { getSlot, listSlots } from "./slots/read-slots.ts";

startProcess("scheduling", async () => {
  const config = loadConfig({ ...serviceSettings, ...addressSettings, ...schedulingSettings });

  await runService({
    name: "scheduling",
    config,
    topology: topologyOf(config),
    routes: EVENT_ROUTES,
    build: (platform) => {
      const app: Scheduling = {
        ...platform,
        holdMs: config.BOOKING_HOLD,
        jurisdiction: config.JURISDICTION,
        cancelCutoffMs: config.CANCEL_CUTOFF,
        bookingLimits: bookingLimitsOf(config),
        doctorMaxSlots: config.DOCTOR_MAX_SLOTS,
      };
      watchPending(app);
      const { billing, clinical } = platform.peers;
      // biome-ignore lint/style/noNonNullAssertion: EVENT_ROUTES names both services, so both are peers
      const snapshots = new RemoteSnapshots(billing!, clinical!, platform.serviceTokens);
      return {
        serve: (server) => {
          server.serve(DoctorServiceService, app, {
            createDoctor,
            getDoctor,
            updateDoctor,
            searchDoctors,
          });
          server.serve(LicenseServiceService, app, {
            createLicense,
            getLicense,
            listDoctorLicenses,
            listLicenses,
            verifyLicense,
            rejectLicense,
            revokeLicense,
          });
          server.serve(ScheduleServiceService, app, { getSchedule, replaceSchedule });
          server.serve(SlotServiceService, app, {
            createSlot,
            batchCreateSlots,
            getSlot,
            listSlots,
            blockSlot,
            unblockSlot,
            withdrawSlot,
          });
          server.serve(BookingServiceService, app, {
            createBooking: bookSlot,
            getBooking,
            listBookings,
            cancelBooking,
            closeBooking,
            previewCancellation,
            rescheduleBooking,
            acceptMove: acceptBookingMove,
            getBookingStats,
          });
        },
        consumes: consumersOf(app),
        jobs: jobsOf(app, config, snapshots),
      };
    },
  });
});
