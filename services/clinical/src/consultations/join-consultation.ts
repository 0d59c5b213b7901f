import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  JoinConsultationRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { requestTransition } from "./request-transition.ts";

/** ConsultationService.JoinConsultation. Throws NOT_FOUND, ILLEGAL_TRANSITION, TOO_EARLY. */
export const joinConsultation = async (
  app: Clinical,
  { consultationId }: JoinConsultationRequest,
  call: Call,
): Promise<Consultation> =>
  await requestTransition(app, call, consultationId, { to: "WAITING", by: "PATIENT" });
