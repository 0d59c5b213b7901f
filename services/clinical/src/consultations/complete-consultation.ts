import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  CompleteConsultationRequest,
  Consultation,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { requestTransition } from "./request-transition.ts";

/** ConsultationService.CompleteConsultation. Throws NOT_FOUND, ILLEGAL_TRANSITION, NOTES_LOCKED. */
export const completeConsultation = async (
  app: Clinical,
  { consultationId, notes }: CompleteConsultationRequest,
  call: Call,
): Promise<Consultation> =>
  await requestTransition(app, call, consultationId, { to: "COMPLETED", by: "DOCTOR", notes });
