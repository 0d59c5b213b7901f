import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { startProcess } from "@medconnect/platform/service/lifecycle.ts";
import { runService } from "@medconnect/platform/service/service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { PrescriptionServiceService } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { topologyOf } from "@medconnect/topology/topology.ts";
import { type Clinical, EVENT_ROUTES } from "./app.ts";
import { abandonConsultation } from "./consultations/abandon-consultation.ts";
import { batchGetConsultationSnapshots } from "./consultations/batch-get-snapshots.ts";
import { completeConsultation } from "./consultations/complete-consultation.ts";
import { getConsultationStats } from "./consultations/consultation-stats.ts";
import { createAddendum } from "./consultations/create-addendum.ts";
import { joinConsultation } from "./consultations/join-consultation.ts";
import { getConsultation, listConsultations } from "./consultations/read-consultations.ts";
import { readyConsultation } from "./consultations/ready-consultation.ts";
import { startConsultation } from "./consultations/start-consultation.ts";
import { consumersOf } from "./consumers.ts";
import { jobsOf } from "./jobs.ts";
import { markNoShow } from "./no-shows/mark-no-show.ts";
import { watchNoShows } from "./no-shows/sweep-no-shows.ts";
import { listOverdueConsultations } from "./overdue/list-overdue.ts";
import { createPrescription } from "./prescriptions/create-prescription.ts";
import { cancelPrescription, stopPrescription } from "./prescriptions/end-prescription.ts";
import { listDoctorPrescriptions } from "./prescriptions/list-doctor-prescriptions.ts";
import { getPrescription, listPrescriptions } from "./prescriptions/read-prescriptions.ts";
import { clinicalSettings } from "./settings.ts";

startProcess("clinical", async () => {
  const config = loadConfig({ ...serviceSettings, ...addressSettings, ...clinicalSettings });

  await runService({
    name: "clinical",
    config,
    topology: topologyOf(config),
    routes: EVENT_ROUTES,
    build: (platform) => {
      const app: Clinical = {
        ...platform,
        proofs: new RowProofs(platform),
        earlyStartMs: config.EARLY_START,
        noShowAfterMs: config.NO_SHOW_AFTER,
        unattendedAfterMs: config.UNATTENDED_AFTER,
        overdueAfterMs: config.OVERDUE_AFTER,
        prescriptionValidityMs: config.PRESCRIPTION_VALIDITY,
        breakGlassMs: config.BREAK_GLASS_TTL,
      };
      watchNoShows(app);
      return {
        serve: (server) => {
          server.serve(ConsultationServiceService, app, {
            getConsultation,
            listConsultations,
            joinConsultation,
            listOverdueConsultations,
            readyConsultation,
            startConsultation,
            completeConsultation,
            createAddendum,
            markConsultationNoShow: markNoShow,
            abandonConsultation,
            getConsultationStats,
            batchGetConsultationSnapshots,
          });
          server.serve(PrescriptionServiceService, app, {
            createPrescription,
            getPrescription,
            listPrescriptions,
            listDoctorPrescriptions,
            cancelPrescription,
            stopPrescription,
          });
        },
        consumes: consumersOf(app),
        jobs: jobsOf(app, config),
      };
    },
  });
});
