import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { withBinaryIds } from "@medconnect/platform/testing/with-binary-ids.ts";
import {
  CreatePrescriptionRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { createPrescription } from "./prescriptions/create-prescription.ts";
import { getPrescription } from "./prescriptions/read-prescriptions.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "./testing/clinical-fixture.ts";

const ALTERED = { reason: "RECORD_ALTERED" };
const [victim, doctor, attacker, admin] = [
  userCaller("PATIENT"),
  userCaller("DOCTOR"),
  userCaller("PATIENT"),
  userCaller("ADMIN"),
];
const foreignDoctor = userCaller("DOCTOR");

let clinical: ClinicalTest;
let readMetrics: () => Promise<string>;
let consultationId: string;
let prescriptionId: string;
beforeAll(async () => {
  readMetrics = startMetrics("clinical");
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(async () => {
  consultationId = await clinical.completed(victim, doctor, "notes of the victim");
  await clinical.add(consultationId, doctor, "more about the victim");
  const { createPrescription: method } = PrescriptionServiceService;
  const items = [{ medication: "aspirin", dosage: "1" }];
  const request = CreatePrescriptionRequest.fromPartial({
    consultationId,
    content: "aspirin",
    items,
    idempotencyKey: newId(),
  });
  prescriptionId = (await invoke(method, bound(createPrescription, clinical.app), doctor, request)).response
    .id;
});

/** Writes to the database directly, as an attacker could. */
const write = (sql: string, ...params: SqlScalar[]) => clinical.app.db.write(sql, withBinaryIds(params));
const redirect = (table: string, id: string, column: string, to: string) =>
  write(`UPDATE ${table} SET ${column} = ? WHERE id = ?`, to, id);
const readPrescription = async (by: UserCaller) => {
  const { getPrescription: method } = PrescriptionServiceService;
  return (await invoke(method, bound(getPrescription, clinical.app), by, { prescriptionId })).response;
};

/** Value of the exported counter `name` with the given label. */
async function counted(name: string, label: string): Promise<number> {
  const line = new RegExp(`^${name}\\{[^}]*${label}[^}]*\\} (\\d+)`, "m");
  return Number(line.exec(await readMetrics())?.[1] ?? 0);
}

describe("a record that a writer of the database has redirected", () => {
  test("to another patient or doctor does not show a consultation's notes, and counts for the alert", async () => {
    const before = await counted("decryption_refused_total", 'column="consultations.notes"');
    await redirect("consultations", consultationId, "patient_id", attacker.userId);
    await expect(clinical.read(consultationId, attacker)).rejects.toMatchObject(ALTERED);
    await expect(clinical.read(consultationId, doctor)).rejects.toMatchObject(ALTERED);
    await redirect("consultations", consultationId, "patient_id", victim.userId);
    await redirect("consultations", consultationId, "doctor_id", foreignDoctor.userId);
    await expect(clinical.read(consultationId, foreignDoctor)).rejects.toMatchObject(ALTERED);
    expect(await counted("decryption_refused_total", 'column="consultations.notes"')).toBe(before + 3);

    await redirect("consultations", consultationId, "doctor_id", doctor.userId);
    expect(await clinical.read(consultationId, victim)).toMatchObject({ notes: "notes of the victim" });
  });

  test("shows no addenda, even if the notes were removed, or the addenda moved, with or without their owners", async () => {
    await write(
      "UPDATE consultations SET notes = NULL, patient_id = ? WHERE id = ?",
      attacker.userId,
      consultationId,
    );
    await expect(clinical.read(consultationId, attacker)).rejects.toMatchObject(ALTERED);
    await write(
      "UPDATE addenda SET patient_id = ? WHERE consultation_id = ?",
      attacker.userId,
      consultationId,
    );
    await expect(clinical.read(consultationId, attacker)).rejects.toMatchObject(ALTERED);

    const own = await clinical.completed(attacker, doctor, "notes of the attacker");
    await write(
      "UPDATE addenda SET consultation_id = ?, patient_id = ? WHERE consultation_id = ?",
      own,
      victim.userId,
      consultationId,
    );
    await expect(clinical.read(own, attacker)).rejects.toMatchObject(ALTERED);
  });

  test("to another patient or doctor shows no prescription", async () => {
    await redirect("prescriptions", prescriptionId, "patient_id", attacker.userId);
    await expect(readPrescription(attacker)).rejects.toMatchObject(ALTERED);
    await redirect("prescriptions", prescriptionId, "patient_id", victim.userId);
    await redirect("prescriptions", prescriptionId, "doctor_id", foreignDoctor.userId);
    await expect(readPrescription(foreignDoctor)).rejects.toMatchObject(ALTERED);
    await redirect("prescriptions", prescriptionId, "doctor_id", doctor.userId);
    expect(await readPrescription(victim)).toMatchObject({ content: "aspirin" });
  });
});

describe("a break-glass grant", () => {
  const REFUSED = { reason: "BREAK_GLASS_REQUIRED" };
  const inMinutes = (minutes: number) => new Date(clinical.app.clock.now().getTime() + minutes * MINUTE_MS);
  const grant = async (patientId: string) => {
    const aggregateId = newId();
    const breakGlass = { adminId: admin.userId, patientId, endTime: inMinutes(30) };
    await clinical.deliver("auth", {
      type: "break_glass.granted",
      aggregateId,
      version: 1,
      state: { $case: "breakGlass", value: breakGlass },
    });
    return aggregateId;
  };
  const expectRefused = async () => {
    const before = await counted("credentials_refused_total", 'table="break_glass_grants"');
    await expect(clinical.read(consultationId, admin)).rejects.toMatchObject(REFUSED);
    await expect(readPrescription(admin)).rejects.toMatchObject(REFUSED);
    expect(await counted("credentials_refused_total", 'table="break_glass_grants"')).toBe(before + 2);
  };
  beforeEach(() => write("DELETE FROM break_glass_grants"));

  test("inserted into clinical's copy lets no admin read, and counts for the alert", async () => {
    await write(
      "INSERT INTO break_glass_grants (id, admin_id, patient_id, end_time) VALUES (?, ?, ?, '2100-01-01')",
      newId(),
      admin.userId,
      victim.userId,
    );
    await expectRefused();
    await grant(victim.userId);
    expect(await clinical.read(consultationId, admin)).toMatchObject({ notes: "notes of the victim" });
  });

  test.each([
    ["redirected to another patient", "patient_id", () => victim.userId],
    ["prolonged", "end_time", () => new Date("2100-01-01")],
  ])("%s lets no admin read", async (how, column, value) => {
    const id = await grant(how === "prolonged" ? victim.userId : attacker.userId);
    await write(`UPDATE break_glass_grants SET ${column} = ? WHERE id = ?`, value(), id);
    await expectRefused();
  });
});
