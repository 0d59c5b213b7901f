import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  MarkConsultationNoShowRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import type { Party } from "../consultations/consultation-rules.ts";
import { requestTransition } from "../consultations/request-transition.ts";

/**
 * ConsultationService.MarkConsultationNoShow. Throws NOT_FOUND, ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED,
 * TOO_EARLY, TOO_LATE, DOCTOR_NOT_READY, MOVE_NOT_ACCEPTED.
 */
export async function markNoShow(
  app: Clinical,
  { consultationId, party }: MarkConsultationNoShowRequest,
  call: Call,
): Promise<Consultation> {
  // The request was validated, so `party` is not PARTY_UNSPECIFIED.
  const transition = { to: "NO_SHOW", by: "DOCTOR", party: party as Party } as const;
  return await requestTransition(app, call, consultationId, transition);
}
