import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  StartConsultationRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { requestTransition } from "./request-transition.ts";

/**
 * ConsultationService.StartConsultation. Throws NOT_FOUND, ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED,
 * TOO_EARLY, PATIENT_NOT_JOINED.
 */
export const startConsultation = async (
  app: Clinical,
  { consultationId }: StartConsultationRequest,
  call: Call,
): Promise<Consultation> =>
  await requestTransition(app, call, consultationId, { to: "IN_PROGRESS", by: "DOCTOR" });
