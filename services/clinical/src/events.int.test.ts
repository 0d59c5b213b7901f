import { afterAll, beforeAll } from "@jest/globals";
import { testEvents } from "@medconnect/platform/testing/event-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { EVENT_ROUTES } from "./app.ts";
import { reportOverdue } from "./overdue/report-overdue.ts";
import { type ClinicalTest, startClinical } from "./testing/clinical-fixture.ts";

const [patient, doctor] = [userCaller("PATIENT"), userCaller("DOCTOR")];
const LENGTH_MINUTES = 30;

let clinical: ClinicalTest;

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

const started = () => clinical.started(patient, doctor);

testEvents(
  EVENT_ROUTES,
  {
    "consultation.joined": async () => {
      const { consultationId, confirmed } = await clinical.scheduled(patient, doctor, 0);
      const rescheduled = clinical.rescheduledBy(confirmed, 1);
      await clinical.deliver("scheduling", {
        ...rescheduled,
        state: { $case: "booking", value: { ...rescheduled.state.value, movePending: true } },
      });
      await clinical.join(consultationId, patient);
    },
    "consultation.started": started,
    "consultation.overdue": async () => {
      await started();
      clinical.app.clock.advance(LENGTH_MINUTES * 60_000 + clinical.app.overdueAfterMs);
      await reportOverdue(clinical.app)();
    },
    "consultation.completed": async () => clinical.complete(await started(), doctor, "flu"),
    "consultation.no_show": async () => {
      const { consultationId } = await clinical.scheduled(patient, doctor, 0);
      await clinical.ready(consultationId, doctor);
      clinical.app.clock.advance(clinical.app.noShowAfterMs);
      await clinical.markNoShow(consultationId, doctor, "PATIENT");
    },
    "consultation.abandoned": async () => clinical.abandon(await started(), doctor, "The line broke"),
  },
  () => clinical.app.db,
);
