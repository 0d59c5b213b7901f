import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  CancelPrescriptionRequest,
  Prescription,
  StopPrescriptionRequest,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { authorizeRead } from "../access/authorize-read.ts";
import type { Clinical } from "../app.ts";
import { accessTo, endReasonContext, endReasonOf, toPrescription } from "./prescription.ts";
import { type EndedStatus, endsNow } from "./prescription-rules.ts";
import { findPrescription, lockPrescription, saveEnd } from "./prescription-store.ts";

/** PrescriptionService.CancelPrescription. Throws NOT_FOUND, BREAK_GLASS_REQUIRED, ILLEGAL_TRANSITION. */
export const cancelPrescription = (app: Clinical, request: CancelPrescriptionRequest, call: Call) =>
  endPrescription(app, call, request, "CANCELLED");

/** PrescriptionService.StopPrescription. Throws NOT_FOUND, BREAK_GLASS_REQUIRED, ILLEGAL_TRANSITION. */
export const stopPrescription = (app: Clinical, request: StopPrescriptionRequest, call: Call) =>
  endPrescription(app, call, request, "STOPPED");

/** Ends a prescription. The caller must have the right to read it, because the response shows its content. */
async function endPrescription(
  app: Clinical,
  call: Call,
  { prescriptionId, reason }: CancelPrescriptionRequest | StopPrescriptionRequest,
  to: EndedStatus,
): Promise<Prescription> {
  const found = await findPrescription(app.db, prescriptionId);
  const { record, ...right } = await authorizeRead(app, call, found, `prescriptions/${prescriptionId}`);
  const { userId } = userOf(call);
  const end = async (tx: Transaction): Promise<Effect<Prescription>> => {
    const now = app.businessClock.now();
    const row = await lockPrescription(tx, prescriptionId);
    const facts = {
      status: row.status,
      expireTime: row.expireTime,
      endedBy: row.endedBy,
      endReason: endReasonOf(row, app.cipher) ?? "",
    };
    if (!endsNow(facts, { to, actorId: userId, reason }, now))
      return unchanged(toPrescription(row, now, app.cipher));
    const ended = {
      ...row,
      status: to,
      endedBy: userId,
      endTime: now,
      endReason: app.cipher.encrypt(endReasonContext(row), reason),
    };
    saveEnd(tx, ended);
    return changed(toPrescription(ended, now, app.cipher), {
      ...accessTo(row),
      ...right,
      subjectIds: [row.patientId, row.doctorId],
    });
  };
  return await app.calls.apply(call, end, () =>
    readEntries("prescription.get", [{ ...accessTo(record), ...right }]),
  );
}
