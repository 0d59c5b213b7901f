import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect } from "@medconnect/platform/changes/effect.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type {
  CreatePrescriptionRequest,
  Prescription,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Clinical } from "../app.ts";
import type { ConsultationRow } from "../consultations/consultation.ts";
import { assertCompleted } from "../consultations/consultation-rules.ts";
import { findOwnConsultation } from "../consultations/find-own-consultation.ts";
import { type IssueFacts, lockIssueFacts } from "../doctors/doctor-store.ts";
import { assertLicensed } from "../doctors/licensing-rules.ts";
import {
  accessTo,
  contentContext,
  itemsContext,
  type PrescriptionRow,
  toPrescription,
} from "./prescription.ts";
import { insertPrescription } from "./prescription-store.ts";

/**
 * PrescriptionService.CreatePrescription. Throws NOT_FOUND, CONSULTATION_NOT_COMPLETED, LICENSE_NOT_VERIFIED.
 */
export async function createPrescription(
  app: Clinical,
  request: CreatePrescriptionRequest,
  call: Call,
): Promise<Prescription> {
  const consultation = await findOwnConsultation(app, call, request.consultationId);
  const create = async (tx: Transaction): Promise<Effect<Prescription>> => {
    // A completed consultation stays completed, so it needs no lock.
    assertCompleted(consultation);
    const issue = await lockIssueFacts(tx, consultation);
    const now = app.businessClock.now();
    assertLicensed(issue.licensedUntil, now);
    const row = newPrescription(consultation, issue, request, now, app.prescriptionValidityMs, app.cipher);
    insertPrescription(tx, row);
    count(tx, [{ figure: "PRESCRIPTIONS_ISSUED", time: now }]);
    return changed(toPrescription(row, now, app.cipher), {
      resource: `prescriptions/${row.id}`,
      subjectIds: [row.patientId, row.doctorId],
    });
  };
  return await app.calls.apply(call, create, ({ id }) =>
    readEntries("prescription.get", [accessTo({ id, patientId: consultation.patientId })]),
  );
}

function newPrescription(
  consultation: ConsultationRow,
  { patientName, doctorName }: IssueFacts,
  { content, items }: CreatePrescriptionRequest,
  now: Date,
  validityMs: number,
  cipher: FieldCipher,
): PrescriptionRow {
  const { patientId, doctorId } = consultation;
  const owned = { id: newId(), patientId, doctorId };
  return {
    ...owned,
    consultationId: consultation.id,
    patientName,
    doctorName,
    status: "ACTIVE",
    content: cipher.encrypt(contentContext(owned), content),
    items: cipher.encrypt(itemsContext(owned), JSON.stringify(items)),
    issueTime: now,
    expireTime: new Date(now.getTime() + validityMs),
    endedBy: null,
    endTime: null,
    endReason: null,
  };
}
