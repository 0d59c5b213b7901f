import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import { actAfterFirstRead, interleave as interleaveIn } from "@medconnect/platform/testing/interleaving.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import {
  CreatePrescriptionRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type DoctorState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Clinical } from "./app.ts";
import { applyGrantEvents } from "./break-glass/apply-grant-events.ts";
import { completeConsultation } from "./consultations/complete-consultation.ts";
import { getConsultation } from "./consultations/read-consultations.ts";
import { startConsultation } from "./consultations/start-consultation.ts";
import { applyDoctorEvents } from "./doctors/apply-doctor-events.ts";
import { applyUserEvents } from "./people/apply-user-events.ts";
import { createPrescription } from "./prescriptions/create-prescription.ts";
import { stopPrescription } from "./prescriptions/end-prescription.ts";
import { stopOrderedPrescriptions } from "./prescriptions/stop-ordered-prescriptions.ts";
import { type ClinicalTest, MINUTE_MS, type SentEvent, startClinical } from "./testing/clinical-fixture.ts";

let clinical: ClinicalTest;
/**
 * Clinical with a clock that advances whenever the time is read, so that no two events or prescriptions have
 * the same time.
 */
let app: Clinical;
beforeAll(async () => {
  clinical = await startClinical();
  const { clock } = clinical.app;
  const now = () => {
    clock.advance(1);
    return clock.now();
  };
  app = { ...clinical.app, clock: { now }, businessClock: { kind: "business", now } };
});
afterAll(() => clinical.app.close());

const admin = userCaller("ADMIN");
let doctor: ReturnType<typeof userCaller>;
let patient: ReturnType<typeof userCaller>;
beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

interface Scene {
  /** Id of a consultation whose patient waits. */
  waiting: string;
  started: string;
  completed: string;
  prescription: string;
  grant: string;
}

const prescribe = async (on: Clinical, consultationId: string): Promise<string> => {
  const { createPrescription: method } = PrescriptionServiceService;
  const request = CreatePrescriptionRequest.fromPartial({
    consultationId,
    content: "take with food",
    idempotencyKey: newId(),
  });
  return (await invoke(method, bound(createPrescription, on), doctor, request)).response.id;
};

/** Use cases that read data copied from another service: an account, a licensing or a grant. */
const USE_CASES: Record<string, (on: Clinical, scene: Scene) => Promise<unknown>> = {
  "starts a consultation": (on, { waiting: consultationId }) =>
    invoke(ConsultationServiceService.startConsultation, bound(startConsultation, on), doctor, {
      consultationId,
      idempotencyKey: "",
    }),
  "completes a consultation": (on, { started: consultationId }) =>
    invoke(ConsultationServiceService.completeConsultation, bound(completeConsultation, on), doctor, {
      consultationId,
      notes: "flu",
      idempotencyKey: "",
    }),
  prescribes: (on, { completed }) => prescribe(on, completed),
  "stops a prescription under a grant": (on, { prescription: prescriptionId }) =>
    invoke(PrescriptionServiceService.stopPrescription, bound(stopPrescription, on), admin, {
      prescriptionId,
      reason: "an allergy",
      idempotencyKey: "",
    }),
};

const inMinutes = (minutes: number) => new Date(clinical.app.clock.now().getTime() + minutes * MINUTE_MS);
const eventOf = (sent: SentEvent) => Event.fromPartial({ id: newId(), occurTime: app.clock.now(), ...sent });

const rename = (on: Clinical, fullName = "New") =>
  on.transactions.run("service:auth", async (tx) => {
    for (const { userId: aggregateId, role } of [doctor, patient]) {
      const event = eventOf({
        type: "user.updated",
        aggregateId,
        state: { $case: "user", value: { fullName, role } },
      });
      await applyEvent(tx, applyUserEvents, event, on.businessClock);
    }
    return [];
  });
const licensing = (on: Clinical, until: string, state: Partial<DoctorState>) =>
  on.transactions.run("service:scheduling", (tx) =>
    applyEvent(tx, applyDoctorEvents, eventOf(clinical.licensed(doctor, until, 1, state)), on.businessClock),
  );
const stop = (prescriptionsStopTime: Date) => ({
  prescriptionsStopTime,
  prescriptionsStoppedBy: admin.userId,
});
const grant = (on: Clinical, aggregateId: string, endTime: Date) =>
  on.transactions.run("service:auth", (tx) => {
    const breakGlass = { adminId: admin.userId, patientId: patient.userId, endTime };
    const event = eventOf({
      type: "break_glass.revoked",
      aggregateId,
      state: { $case: "breakGlass", value: breakGlass },
    });
    return applyEvent(tx, applyGrantEvents(on), event, on.businessClock);
  });

const EVENTS: Record<string, (on: Clinical, scene: Scene) => Promise<void>> = {
  "both accounts are renamed": (on) => rename(on),
  "an admin verifies the doctor's new name": (on) => licensing(on, "9999-12-31", { displayName: "New" }),
  "the doctor loses the licence, and prescriptions stop": (on) =>
    licensing(on, "", stop(on.businessClock.now())),
  "the grant is revoked": (on, scene) => grant(on, scene.grant, on.clock.now()),
};

const ORDERS = [
  "the event commits first",
  "the use case commits first",
  "the event comes after the first read",
];

const CASES = Object.keys(USE_CASES).flatMap((useCase) =>
  Object.keys(EVENTS).flatMap((event) => ORDERS.map((order) => [useCase, event, order] as const)),
);

test.each(CASES)("copies converge if a caller %s while %s, and %s", async (useCase, event, order) => {
  const scene = await prepare();
  const act = (on: Clinical) => USE_CASES[useCase]!(on, scene);
  const happen = (on: Clinical) => EVENTS[event]!(on, scene);
  if (order === "the event commits first") await interleave(happen, () => act(app));
  else if (order === "the use case commits first") await interleave(act, () => happen(app));
  else
    await actAfterFirstRead<Clinical>(
      app,
      (stale) => act(stale).catch(refused),
      () => happen(app),
    );
  await CONVERGED[event]!(scene);
});

/**
 * A licensed doctor with a waiting, a started and a completed consultation of the patient, and an admin with
 * a grant for the patient.
 */
async function prepare(): Promise<Scene> {
  await rename(app, "Old");
  // Version 1 of the licensing, with the old public name. The inbox will skip any later event of the same
  // version.
  await clinical.deliver("scheduling", clinical.licensed(doctor, "9999-12-31", 1, { displayName: "Old" }));
  const { consultationId: waiting } = await clinical.scheduled(patient, doctor, 0);
  await clinical.join(waiting, patient);
  const scene = {
    waiting,
    started: await clinical.started(patient, doctor),
    completed: await clinical.completed(patient, doctor, "flu"),
    grant: newId(),
  };
  await grant(app, scene.grant, inMinutes(29));
  return { ...scene, prescription: await prescribe(app, scene.completed) };
}

const interleave = (first: (on: Clinical) => Promise<unknown>, second: () => Promise<unknown>) =>
  interleaveIn<Clinical>(app, first, second, refused);

function refused(error: unknown): void {
  if (!(error instanceof ApiError) || error.rule.httpStatus >= 500) throw error;
}

/** Checks that consultations and new prescriptions show the given names. */
const namesAre =
  (patientName: string, doctorName: string) =>
  async ({ waiting: consultationId, completed }: Scene): Promise<void> => {
    const { getConsultation: method } = ConsultationServiceService;
    const { response: open } = await invoke(method, bound(getConsultation, app), patient, { consultationId });
    expect(open).toMatchObject({ patientName, doctorName });
    const [row] = await app.db.read(
      "SELECT patient_name AS patientName, doctor_name AS doctorName FROM prescriptions WHERE id = ?",
      [binaryId(await prescribe(app, completed))],
    );
    expect(row).toEqual({ patientName, doctorName });
  };

/** Checks of the final state, by the title of the event that the test delivers. */
const CONVERGED: Record<string, (scene: Scene) => Promise<void>> = {
  "both accounts are renamed": namesAre("New", "Old"),
  "an admin verifies the doctor's new name": namesAre("Old", "New"),
  "the doctor loses the licence, and prescriptions stop": async ({ completed }) => {
    await stopOrderedPrescriptions(app)();
    const active = "SELECT id FROM prescriptions WHERE doctor_id = ? AND status = 'ACTIVE'";
    expect(await app.db.read(active, [binaryId(doctor.userId)])).toEqual([]);
    await expect(prescribe(app, completed)).rejects.toMatchObject({ reason: "LICENSE_NOT_VERIFIED" });
  },
  "the grant is revoked": async ({ completed: consultationId }) => {
    const read = invoke(ConsultationServiceService.getConsultation, bound(getConsultation, app), admin, {
      consultationId,
    });
    await expect(read).rejects.toMatchObject({ reason: "BREAK_GLASS_REQUIRED" });
  },
};
