import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Consultation } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { changeConsultation } from "./change-consultation.ts";
import { factsOf } from "./consultation.ts";
import { type Transition, transitionsNow } from "./consultation-rules.ts";
import { afterTransition, saveTransition } from "./transition.ts";

/**
 * Carries out a transition that a patient or doctor requests. Throws NOT_FOUND, and the errors of
 * `transitionsNow`.
 */
export async function requestTransition(
  app: Clinical,
  call: Call,
  consultationId: string,
  transition: Transition,
): Promise<Consultation> {
  return await changeConsultation(app, call, consultationId, (tx, row, now) => {
    if (!transitionsNow(factsOf(row, app.cipher), transition, now, app)) return undefined;
    const after = afterTransition(app, row, transition, now);
    return { row: after, entry: saveTransition(tx, row, after, now) };
  });
}
