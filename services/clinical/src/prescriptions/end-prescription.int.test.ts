import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { PrescriptionServiceService } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { prescriptionsOn } from "../testing/prescriptions.ts";
import { cancelPrescription, stopPrescription } from "./end-prescription.ts";

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

describe.each([
  ["cancelled", "CANCELLED", cancelPrescription, "prescription.cancel"],
  ["stopped", "STOPPED", stopPrescription, "prescription.stop"],
] as const)("a prescription that is %s", (_, status, useCase, action) => {
  const method =
    status === "CANCELLED"
      ? PrescriptionServiceService.cancelPrescription
      : PrescriptionServiceService.stopPrescription;
  const end = async (prescriptionId: string, by: Caller, reason = "a rash") =>
    (await invoke(method, bound(useCase, clinical.app), by, { prescriptionId, reason, idempotencyKey: "" }))
      .response;
  const grantTo = async (adminId: string) => {
    const endTime = new Date(clinical.app.clock.now().getTime() + 30 * MINUTE_MS);
    const breakGlass = { adminId, patientId: patient.userId, endTime };
    const aggregateId = newId();
    await clinical.deliver("auth", {
      type: "break_glass.granted",
      aggregateId,
      version: 1,
      state: { $case: "breakGlass", value: breakGlass },
    });
    return aggregateId;
  };

  test("by its doctor shows reason and time to the patient; a repeat changes nothing", async () => {
    const { response: made } = await prescribe(await complete());
    clinical.app.clock.advance(MINUTE_MS);
    const endTime = clinical.app.clock.now();
    const ended = await end(made.id, doctor);
    expect(ended).toEqual({ ...made, status, endReason: "a rash", endTime });
    clinical.app.clock.advance(MINUTE_MS);
    expect(await end(made.id, doctor)).toEqual(ended);
    await expect(end(made.id, doctor, "something else")).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
    });
    expect(await prescriptions.read(made.id, patient)).toEqual(ended);
    const both = [patient.userId, doctor.userId];
    expect((await clinical.auditEntries(`prescriptions/${made.id}`)).slice(1)).toEqual([
      { action, actorId: doctor.userId, subjectIds: both },
      { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
      { action: "prescription.get", actorId: patient.userId, subjectIds: [patient.userId] },
    ]);
    const [row] = await clinical.app.db.read<{ endReason: Buffer }>(
      "SELECT end_reason AS endReason FROM prescriptions WHERE id = ?",
      [binaryId(made.id)],
    );
    expect(row!.endReason.includes("rash")).toBe(false);
  });

  test("by its doctor succeeds although its row has a planted reason", async () => {
    const { response: made } = await prescribe(await complete());
    await clinical.app.db.write("UPDATE prescriptions SET end_reason = 'x' WHERE id = ?", [
      binaryId(made.id),
    ]);
    expect(await end(made.id, doctor)).toMatchObject({ status, endReason: "a rash" });
  });

  test("by an admin is audited with its grant, and refused without one", async () => {
    const { response: made } = await prescribe(await complete());
    const admin = userCaller("ADMIN");
    const required = { reason: "BREAK_GLASS_REQUIRED" };
    await expect(end(made.id, admin)).rejects.toMatchObject(required);
    await expect(end(newId(), admin)).rejects.toMatchObject(required);
    const grantId = await grantTo(admin.userId);
    expect(await end(made.id, admin)).toMatchObject({ status, content: "take with food" });
    const [line] = await clinical.app.db.read(
      `SELECT action, actor_id AS actorId, grant_id AS grantId FROM audit_events WHERE resource = ?
       ORDER BY id DESC LIMIT 1`,
      [`prescriptions/${made.id}`],
    );
    expect(line).toEqual({ action, actorId: admin.userId, grantId: grantId });
    await expect(end(made.id, doctor)).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
  });

  test("by others is not found; an expired one stays expired", async () => {
    const { response: made } = await prescribe(await complete());
    const hidden = { reason: "NOT_FOUND", isDenial: true };
    await expect(end(made.id, userCaller("DOCTOR"))).rejects.toMatchObject(hidden);
    await expect(end(newId(), doctor)).rejects.toMatchObject({ reason: "NOT_FOUND", isDenial: false });
    clinical.app.clock.advance(clinical.app.prescriptionValidityMs);
    await expect(end(made.id, doctor)).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "EXPIRED" },
    });
  });

  test("by concurrent calls ends once", async () => {
    const { response: made } = await prescribe(await complete());
    const ended = await Promise.all(Array.from({ length: 10 }, () => end(made.id, doctor)));
    expect(new Set(ended.map(({ endTime }) => endTime?.getTime())).size).toBe(1);
    const auditEntries = await clinical.auditEntries(`prescriptions/${made.id}`);
    expect(auditEntries.filter((line) => line.action === action)).toHaveLength(1);
  });
});
