import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect } from "@medconnect/platform/changes/effect.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  CreatePrescriptionRequest,
  Prescription,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { isOwn } from "../access/parties.ts";
import type { Clinical } from "../app.ts";
import { assertCompleted } from "../consultations/consultation-rules.ts";
import { type ConsultationRow, findConsultation } from "../consultations/consultation-store.ts";
import { type Issuer, lockIssuer } from "../doctors/doctor-store.ts";
import { assertLicensed } from "../doctors/licensing-rules.ts";
import { accessTo, contentContext, itemsContext, toPrescription } from "./prescription.ts";
import { insertPrescription, type PrescriptionRow } from "./prescription-store.ts";

/** PrescriptionService.CreatePrescription. Throws NOT_FOUND, CONSULTATION_NOT_COMPLETED, LICENSE_NOT_VERIFIED. */
export async function createPrescription(
  app: Clinical,
  request: CreatePrescriptionRequest,
  call: Call,
): Promise<Prescription> {
  const consultation = await findConsultation(app.db, request.consultationId);
  if (!consultation) throw new ApiError("NOT_FOUND");
  if (!isOwn(userOf(call), consultation))
    throw hiddenFrom(`consultations/${consultation.id}`, consultation.patient_id);
  const create = async (tx: Transaction): Promise<Effect<Prescription>> => {
    // No lock: a completed consultation stays completed.
    assertCompleted(consultation);
    const issuer = await lockIssuer(tx, consultation);
    const now = app.clock.now();
    assertLicensed(issuer?.licensed_until ?? null, now);
    const row = newPrescription(consultation, issuer!, request, now, app.prescriptionValidityMs, app.cipher);
    insertPrescription(tx, row);
    return changed(toPrescription(row, now, app.cipher), {
      resource: `prescriptions/${row.id}`,
      subjectIds: [row.patient_id, row.doctor_id],
    });
  };
  return await app.calls.apply(call, create, ({ id }) =>
    readEntries("prescription.get", [accessTo({ id, patient_id: consultation.patient_id })]),
  );
}

function newPrescription(
  consultation: ConsultationRow,
  { patient_name, doctor_name }: Issuer,
  { content, items }: CreatePrescriptionRequest,
  now: Date,
  validityMs: number,
  cipher: FieldCipher,
): PrescriptionRow {
  const { patient_id, doctor_id } = consultation;
  const owned = { id: newId(), patient_id, doctor_id };
  return {
    ...owned,
    consultation_id: consultation.id,
    patient_name,
    doctor_name,
    status: "ACTIVE",
    content: cipher.encrypt(contentContext(owned), content),
    items: cipher.encrypt(itemsContext(owned), JSON.stringify(items)),
    issue_time: now,
    expire_time: new Date(now.getTime() + validityMs),
    ended_by: null,
    end_time: null,
    end_reason: null,
  };
}
