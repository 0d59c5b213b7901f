import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  AbandonConsultationRequest,
  Consultation,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { requestTransition } from "./request-transition.ts";

/** ConsultationService.AbandonConsultation. Throws NOT_FOUND, ILLEGAL_TRANSITION. */
export const abandonConsultation = async (
  app: Clinical,
  { consultationId, reason }: AbandonConsultationRequest,
  call: Call,
): Promise<Consultation> =>
  await requestTransition(app, call, consultationId, { to: "ABANDONED", by: "DOCTOR", reason });
