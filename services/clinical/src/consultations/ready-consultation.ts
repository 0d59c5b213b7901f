import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  ReadyConsultationRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { changeConsultation } from "./change-consultation.ts";
import { factsOf } from "./consultation.ts";
import { becomesReady } from "./consultation-rules.ts";
import { saveConsultation } from "./consultation-store.ts";

/**
 * ConsultationService.ReadyConsultation. Throws NOT_FOUND, ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED,
 * TOO_EARLY, TOO_LATE.
 */
export const readyConsultation = async (
  app: Clinical,
  { consultationId }: ReadyConsultationRequest,
  call: Call,
): Promise<Consultation> =>
  await changeConsultation(app, call, consultationId, (tx, row, now) => {
    if (!becomesReady(factsOf(row, app.cipher), now, app)) return undefined;
    const ready = { ...row, doctorReadyTime: now, version: row.version + 1 };
    saveConsultation(tx, ready);
    const subjectIds = [row.patientId, row.doctorId];
    return { row: ready, entry: { resource: `consultations/${row.id}`, subjectIds } };
  });
