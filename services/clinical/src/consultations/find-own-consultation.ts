import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { isOwn } from "../access/parties.ts";
import type { Clinical } from "../app.ts";
import type { ConsultationRow } from "./consultation.ts";
import { findConsultation } from "./consultation-store.ts";

/** Finds a consultation of the calling patient or doctor, without a lock. Throws NOT_FOUND. */
export async function findOwnConsultation(
  app: Clinical,
  call: Call,
  consultationId: string,
): Promise<ConsultationRow> {
  const consultation = await findConsultation(app.db, consultationId);
  if (!consultation) throw new ApiError("NOT_FOUND");
  if (!isOwn(userOf(call), consultation))
    throw hiddenFrom(`consultations/${consultationId}`, consultation.patientId);
  return consultation;
}
