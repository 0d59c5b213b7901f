import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Consultation } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { changeConsultation } from "./change-consultation.ts";
import { factsOf } from "./consultation.ts";
import { type Step, takesStep } from "./consultation-rules.ts";
import { move, saveMove } from "./move-consultation.ts";

/** A transition requested by patient or doctor. Throws NOT_FOUND, and the refusals of `takesStep`. */
export async function takeStep(
  app: Clinical,
  call: Call,
  consultationId: string,
  step: Step,
): Promise<Consultation> {
  return await changeConsultation(app, call, consultationId, (tx, row, now) => {
    if (!takesStep(factsOf(row, app.cipher), step, now, app)) return undefined;
    const moved = move(app, row, step, now);
    return { row: moved, entry: saveMove(tx, row, moved) };
  });
}
