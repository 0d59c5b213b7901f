import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { Job } from "@medconnect/platform/jobs.ts";
import { startProcess } from "@medconnect/platform/lifecycle.ts";
import { runService } from "@medconnect/platform/service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { DoctorServiceService } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { bookingLimitsOf, EVENT_ROUTES, type Scheduling, schedulingSettings } from "./app.ts";
import { acceptBookingMove } from "./bookings/accept-move.ts";
import { bookSlot } from "./bookings/book-slot.ts";
import { getBookingStats } from "./bookings/booking-stats.ts";
import { cancelBooking } from "./bookings/cancel-booking.ts";
import { closeBooking } from "./bookings/close-booking.ts";
import { sweepReasons } from "./bookings/erase-reasons.ts";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { previewCancellation } from "./bookings/preview-cancellation.ts";
import { getBooking, listBookings } from "./bookings/read-bookings.ts";
import { rescheduleBooking } from "./bookings/reschedule-booking.ts";
import { consumersOf } from "./consumers.ts";
import { createDoctor } from "./doctors/create-doctor.ts";
import { getDoctor } from "./doctors/get-doctor.ts";
import { refreshIndex } from "./doctors/refresh-index.ts";
import { searchDoctors } from "./doctors/search-doctors.ts";
import { updateDoctor } from "./doctors/update-doctor.ts";
import { createLicense } from "./licenses/create-license.ts";
import { rejectLicense, revokeLicense, verifyLicense } from "./licenses/decide-license.ts";
import { sweepUnlicensedBookings } from "./licenses/end-unlicensed-bookings.ts";
import { getLicense, listDoctorLicenses, listLicenses } from "./licenses/read-licenses.ts";
import { watchPending } from "./licenses/watch-pending.ts";
import { reconcileRegularly } from "./reconciliation/reconcile-regularly.ts";
import { RemoteStandings } from "./reconciliation/standings.ts";
import { changeSlot } from "./slots/change-slot.ts";
import { batchCreateSlots, createSlot } from "./slots/create-slots.ts";
import { getSlot, listSlots } from "./slots/read-slots.ts";

const REFRESH_INDEX_MS = 10_000;

startProcess("scheduling", async () => {
  const config = loadConfig({ ...serviceSettings, ...schedulingSettings });

  await runService({
    name: "scheduling",
    config,
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
      const standings = new RemoteStandings(billing!, clinical!, platform.serviceTokens);
      const jobs = [
        new Job("sweep holds", config.HOLD_SWEEP, sweepHolds(app), platform.log),
        new Job("erase reasons", config.HOLD_SWEEP, sweepReasons(app), platform.log),
        new Job("sweep unlicensed bookings", config.HOLD_SWEEP, sweepUnlicensedBookings(app), platform.log),
        new Job("refresh the search index", REFRESH_INDEX_MS, refreshIndex(app), platform.log),
      ];
      if (config.RECONCILE_EVERY > 0) {
        const reconcile = reconcileRegularly(app, standings, config.RECONCILE_GRACE);
        jobs.push(new Job("reconcile bookings", config.RECONCILE_EVERY, reconcile, platform.log));
      }
      return {
        serve: (server) => {
          server.serve(DoctorServiceService, {
            createDoctor: createDoctor(app),
            getDoctor: getDoctor(app),
            updateDoctor: updateDoctor(app),
            searchDoctors: searchDoctors(app),
          });
          server.serve(LicenseServiceService, {
            createLicense: createLicense(app),
            getLicense: getLicense(app),
            listDoctorLicenses: listDoctorLicenses(app),
            listLicenses: listLicenses(app),
            verifyLicense: verifyLicense(app),
            rejectLicense: rejectLicense(app),
            revokeLicense: revokeLicense(app),
          });
          server.serve(SlotServiceService, {
            createSlot: createSlot(app),
            batchCreateSlots: batchCreateSlots(app),
            getSlot: getSlot(app),
            listSlots: listSlots(app),
            blockSlot: changeSlot(app, "block"),
            unblockSlot: changeSlot(app, "unblock"),
            withdrawSlot: changeSlot(app, "withdraw"),
          });
          server.serve(BookingServiceService, {
            createBooking: bookSlot(app),
            getBooking: getBooking(app),
            listBookings: listBookings(app),
            cancelBooking: cancelBooking(app),
            closeBooking: closeBooking(app),
            previewCancellation: previewCancellation(app),
            rescheduleBooking: rescheduleBooking(app),
            acceptMove: acceptBookingMove(app),
            getBookingStats: getBookingStats(app),
          });
        },
        consumes: consumersOf(app),
        jobs,
      };
    },
  });
});
