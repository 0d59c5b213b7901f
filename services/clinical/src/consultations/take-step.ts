import { readTrails } from "@medconnect/platform/changes.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { Consultation } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { isOwn } from "../access.ts";
import { addendaOf } from "../addenda/addendum.ts";
import type { Clinical } from "../app.ts";
import { accessTo, notesOf, toConsultation } from "./consultation.ts";
import { type ConsultationFacts, type Step, takesStep } from "./consultation-rules.ts";
import { type ConsultationRow, findConsultation, lockConsultations } from "./consultation-store.ts";
import { move, saveMove } from "./move-consultation.ts";

/**
 * What every transition that a patient or doctor asks for comes to: the row is locked, the rules decide, and the step
 * is saved; a repeated one changes nothing, and is a read. Throws NOT_FOUND, and what the rules throw.
 */
export async function takeStep(
  app: Clinical,
  call: Call,
  consultationId: string,
  step: Step,
): Promise<Consultation> {
  const found = await findConsultation(app.db, consultationId);
  if (!found) throw new ApiError("NOT_FOUND");
  if (!isOwn(userOf(call), found)) throw hiddenFrom(`consultations/${consultationId}`, found.patient_id);
  const take = async (tx: Transaction) => {
    const now = app.clock.now();
    const row = (await lockConsultations(tx, [consultationId]))[0]!;
    if (!takesStep(factsOf(row, app.box), step, now, app)) {
      const addenda = (await addendaOf(tx, [row])).get(row.id);
      return { response: toConsultation(row, app.box, addenda), trails: [] };
    }
    const moved = move(row, step, now, app.box);
    return { response: toConsultation(moved, app.box), trails: [saveMove(tx, moved)] };
  };
  return await app.changes.apply(call, take, () => readTrails("consultation.get", [accessTo(found)]));
}

const factsOf = (row: ConsultationRow, box: SealedBox): ConsultationFacts => ({
  status: row.status,
  movedBy: row.moved_by,
  startTime: row.start_time,
  endTime: row.end_time,
  notes: notesOf(row, box),
  noShowParty: row.no_show_party,
});
