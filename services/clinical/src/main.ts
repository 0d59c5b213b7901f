import { loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { Job } from "@medconnect/platform/jobs.ts";
import { startProcess } from "@medconnect/platform/lifecycle.ts";
import { runService } from "@medconnect/platform/service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { PrescriptionServiceService } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type Clinical, clinicalSettings } from "./app.ts";
import { applyGrantEvents } from "./break-glass/apply-grant-events.ts";
import { abandonConsultation } from "./consultations/abandon-consultation.ts";
import {
  applyBookingCancelled,
  applyBookingConfirmed,
  applyBookingRescheduled,
} from "./consultations/apply-booking-events.ts";
import { batchGetConsultationStandings } from "./consultations/batch-get-standings.ts";
import { completeConsultation } from "./consultations/complete-consultation.ts";
import { getConsultationStats } from "./consultations/consultation-stats.ts";
import { joinConsultation } from "./consultations/join-consultation.ts";
import { markNoShow } from "./consultations/mark-no-show.ts";
import { getConsultation, listConsultations } from "./consultations/read-consultations.ts";
import { startConsultation } from "./consultations/start-consultation.ts";
import { sweepNoShows, watchNoShows } from "./consultations/sweep-no-shows.ts";
import { applyUserEvents } from "./people/apply-user-events.ts";
import { createPrescription } from "./prescriptions/create-prescription.ts";
import { getPrescription, listPrescriptions } from "./prescriptions/read-prescriptions.ts";

startProcess("clinical", async () => {
  const config = loadConfig({ ...serviceSettings, ...clinicalSettings });

  await runService({
    name: "clinical",
    config,
    routes: {
      "consultation.started": ["scheduling"],
      "consultation.completed": ["scheduling", "billing"],
      "consultation.no_show": ["scheduling", "billing"],
      "consultation.abandoned": ["scheduling", "billing"],
    },
    build: (platform) => {
      const app: Clinical = {
        ...platform,
        earlyStartMs: config.EARLY_START,
        noShowAfterMs: config.NO_SHOW_AFTER,
        prescriptionValidityMs: config.PRESCRIPTION_VALIDITY,
      };
      watchNoShows(app);
      const user = { from: "auth", apply: applyUserEvents };
      const grant = { from: "auth", apply: applyGrantEvents };
      return {
        serve: (server) => {
          server.serve(ConsultationServiceService, {
            getConsultation: getConsultation(app),
            listConsultations: listConsultations(app),
            joinConsultation: joinConsultation(app),
            startConsultation: startConsultation(app),
            completeConsultation: completeConsultation(app),
            markConsultationNoShow: markNoShow(app),
            abandonConsultation: abandonConsultation(app),
            getConsultationStats: getConsultationStats(app),
            batchGetConsultationStandings: batchGetConsultationStandings(app),
          });
          server.serve(PrescriptionServiceService, {
            createPrescription: createPrescription(app),
            getPrescription: getPrescription(app),
            listPrescriptions: listPrescriptions(app),
          });
        },
        consumes: {
          "user.created": user,
          "user.updated": user,
          "user.disabled": user,
          "user.enabled": user,
          "break_glass.granted": grant,
          "break_glass.revoked": grant,
          "booking.confirmed": { from: "scheduling", apply: applyBookingConfirmed },
          "booking.rescheduled": { from: "scheduling", apply: applyBookingRescheduled },
          "booking.cancelled": { from: "scheduling", apply: applyBookingCancelled(app) },
        },
        jobs: [new Job("sweep no-shows", config.NO_SHOW_SWEEP, sweepNoShows(app), platform.log)],
      };
    },
  });
});
