import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { PrescriptionServiceService } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { prescriptionsOn } from "../testing/prescriptions.ts";
import { cancelPrescription } from "./end-prescription.ts";
import { stopOrderedPrescriptions } from "./stop-ordered-prescriptions.ts";

let clinical: ClinicalTest;
let prescriptions: ReturnType<typeof prescriptionsOn>;
let doctor: Caller & { userId: string };
let patient: Caller & { userId: string };

beforeAll(async () => {
  clinical = await startClinical();
  prescriptions = prescriptionsOn(clinical);
});
afterAll(() => clinical.app.close());

beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

const complete = () => clinical.completed(patient, doctor, "flu");
const prescribe = (consultationId: string) => prescriptions.prescribe(consultationId, doctor);

describe("prescriptions of a doctor whose licence was revoked with an order to stop them", () => {
  const admin = userCaller("ADMIN");
  const order = (version: number) =>
    clinical.deliver(
      "scheduling",
      clinical.licensed(doctor, "", version, {
        prescriptionsStopTime: clinical.app.clock.now(),
        prescriptionsStoppedBy: admin.userId,
      }),
    );
  const statusOf = async (id: string) => (await prescriptions.read(id, patient)).status;

  test("are stopped, except later ones and those of other doctors", async () => {
    const consultationId = await complete();
    const { response: active } = await prescribe(consultationId);
    const { response: cancelled } = await prescribe(consultationId);
    await invoke(
      PrescriptionServiceService.cancelPrescription,
      bound(cancelPrescription, clinical.app),
      doctor,
      {
        prescriptionId: cancelled.id,
        reason: "Wrong patient",
        idempotencyKey: "",
      },
    );
    const stopped = doctor;
    doctor = userCaller("DOCTOR");
    const { response: others } = await prescribe(await complete());
    doctor = stopped;
    await order(2);
    clinical.app.clock.advance(1);
    await clinical.deliver("scheduling", clinical.licensed(doctor, "9999-12-31", 3, {}));
    const { response: later } = await prescribe(consultationId);
    await order(4);
    await clinical.app.db.write("UPDATE prescriptions SET issue_time = ? WHERE id = ?", [
      new Date(clinical.app.clock.now().getTime() + 1),
      binaryId(later.id),
    ]);
    await stopOrderedPrescriptions(clinical.app)();
    const statuses = [];
    for (const { id } of [active, cancelled, others, later]) statuses.push(await statusOf(id));
    expect(statuses).toEqual(["STOPPED", "CANCELLED", "ACTIVE", "ACTIVE"]);
    expect(await prescriptions.read(active.id, patient)).toMatchObject({
      endReason: "The doctor's licence was revoked.",
      endTime: clinical.app.clock.now(),
    });
  });

  test.each([
    ["STOPPED", "has lost the last licence", ""],
    ["ACTIVE", "keeps another licence", "9999-12-31"],
  ])("issued before the order arrived are %s when the doctor %s", async (status, _, until) => {
    const consultationId = await complete();
    const stopTime = { prescriptionsStopTime: clinical.app.clock.now() };
    clinical.app.clock.advance(MINUTE_MS);
    const { response: issued } = await prescribe(consultationId);
    clinical.app.clock.advance(MINUTE_MS);
    const stop = { ...stopTime, prescriptionsStoppedBy: admin.userId };
    await clinical.deliver("scheduling", clinical.licensed(doctor, until, 2, stop));
    await stopOrderedPrescriptions(clinical.app)();
    expect(await statusOf(issued.id)).toBe(status);
  });

  /**
   * Delivers the events of a revocation and of a new licence late, in the given order. The doctor issues
   * three prescriptions: before the revocation, between the revocation and the first event, and after all
   * events have arrived.
   */
  async function stopAroundNewLicence(
    deliveries: "revoked, licensed" | "licensed, revoked" | "licensed alone",
  ) {
    const consultationId = await complete();
    const issue = async () => {
      clinical.app.clock.advance(MINUTE_MS);
      return (await prescribe(consultationId)).response.id;
    };
    const before = await issue();
    const stop = {
      prescriptionsStopTime: clinical.app.clock.now(),
      prescriptionsStoppedBy: admin.userId,
    };
    const between = await issue();
    const events = {
      revoked: clinical.licensed(doctor, "", 2, stop),
      licensed: clinical.licensed(doctor, "9999-12-31", 3, stop),
      "licensed alone": clinical.licensed(doctor, "9999-12-31", 3, stop),
    };
    for (const event of deliveries.split(", ") as (keyof typeof events)[])
      await clinical.deliver("scheduling", events[event]);
    const after = await issue();
    await stopOrderedPrescriptions(clinical.app)();
    return [await statusOf(before), await statusOf(between), await statusOf(after)];
  }

  test.each([
    // The revocation stops all prescriptions issued before its event arrived.
    ["revoked, licensed", ["STOPPED", "STOPPED", "ACTIVE"]],
    // If the event of the new licence arrives first, the older event of the revocation is skipped. The new
    // event repeats the order to stop prescriptions up to the revocation, but does not say that the doctor
    // had no licence after it. So only the first prescription is stopped.
    ["licensed, revoked", ["STOPPED", "ACTIVE", "ACTIVE"]],
    ["licensed alone", ["STOPPED", "ACTIVE", "ACTIVE"]],
  ] as const)("are stopped up to the order if the doctor is licensed again: %s", async (order, statuses) => {
    expect(await stopAroundNewLicence(order)).toEqual(statuses);
  });

  test("add one audit entry of the admin each, even if two jobs run", async () => {
    const { response: one } = await prescribe(await complete());
    await order(2);
    await Promise.all([stopOrderedPrescriptions(clinical.app)(), stopOrderedPrescriptions(clinical.app)()]);
    const lines = await clinical.app.db.read(
      "SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ? AND action = 'prescription.stop' AND ? MEMBER OF (subject_ids)",
      [`prescriptions/${one.id}`, patient.userId],
    );
    expect(lines).toEqual([{ action: "prescription.stop", actorId: admin.userId }]);
  });

  test("are stopped in batches; the order ends a minute later", async () => {
    const consultationId = await complete();
    for (let i = 0; i < 105; i++) await prescribe(consultationId);
    await order(2);
    await stopOrderedPrescriptions(clinical.app)();
    const left = "SELECT 1 FROM prescriptions WHERE doctor_id = ? AND status = 'ACTIVE'";
    expect(await clinical.app.db.read(left, [binaryId(doctor.userId)])).toEqual([]);
    const open = async () => {
      const sql = "SELECT 1 FROM doctors WHERE doctor_id = ? AND stop_received_time IS NOT NULL";
      return (await clinical.app.db.read(sql, [binaryId(doctor.userId)])).length;
    };
    expect(await open()).toBe(1);
    clinical.app.clock.advance(MINUTE_MS + 1);
    await stopOrderedPrescriptions(clinical.app)();
    expect(await open()).toBe(0);
  });
});
