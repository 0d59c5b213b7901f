import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Consultation } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { findAddenda } from "./addendum-store.ts";
import { accessTo, type ConsultationRow, toConsultation } from "./consultation.ts";
import { lockConsultation } from "./consultation-store.ts";
import { findOwnConsultation } from "./find-own-consultation.ts";

/**
 * Decides on a locked consultation and saves the change.
 *
 * @returns undefined for a repeated call, which changes nothing
 */
type Change = (
  tx: Transaction,
  row: ConsultationRow,
  now: Date,
) => { row: ConsultationRow; entry: AuditEntry } | undefined;

/**
 * Changes a consultation at the request of its patient or doctor. A repeated call changes nothing and is
 * audited as a read. Throws NOT_FOUND, and the errors of `change`.
 */
export async function changeConsultation(
  app: Clinical,
  call: Call,
  consultationId: string,
  change: Change,
): Promise<Consultation> {
  const found = await findOwnConsultation(app, call, consultationId);
  const apply = async (tx: Transaction): Promise<Effect<Consultation>> => {
    const row = await lockConsultation(tx, consultationId);
    const made = change(tx, row, app.businessClock.now());
    if (!made) return unchanged(toConsultation(row, app.cipher, await findAddenda(tx, row)));
    return changed(toConsultation(made.row, app.cipher), made.entry);
  };
  return await app.calls.apply(call, apply, () => readEntries("consultation.get", [accessTo(found)]));
}
