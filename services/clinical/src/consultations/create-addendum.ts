import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  Addendum,
  CreateAddendumRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { textContext } from "./addendum.ts";
import { insertAddendum, measureAddenda } from "./addendum-store.ts";
import { accessTo } from "./consultation.ts";
import { assertCompleted } from "./consultation-rules.ts";
import { lockConsultation } from "./consultation-store.ts";
import { findOwnConsultation } from "./find-own-consultation.ts";

/**
 * Maximum number of addenda to a consultation, and maximum total size of their texts in bytes, as documented
 * in the proto. GetConsultation returns all addenda, so without limits its response could become too large.
 */
const MAX_ADDENDA = 100;
const MAX_BYTES = 256 * 1024;

/** ConsultationService.CreateAddendum. Throws NOT_FOUND, CONSULTATION_NOT_COMPLETED, TOO_MANY_ADDENDA. */
export async function createAddendum(
  app: Clinical,
  { consultationId, text }: CreateAddendumRequest,
  call: Call,
): Promise<Addendum> {
  const consultation = await findOwnConsultation(app, call, consultationId);
  const { patientId, doctorId } = consultation;
  const create = async (tx: Transaction): Promise<Effect<Addendum>> => {
    // A completed consultation stays completed, so this check needs no lock. The limits need the lock below:
    // without it, concurrent calls could exceed the limits together.
    assertCompleted(consultation);
    await lockConsultation(tx, consultationId);
    const { count, bytes } = await measureAddenda(tx, consultationId);
    if (count >= MAX_ADDENDA || bytes + Buffer.byteLength(text) > MAX_BYTES) throw tooMany(bytes);
    const [id, createTime] = [newId(), app.businessClock.now()];
    const ciphertext = app.cipher.encrypt(textContext(id, consultation), text);
    insertAddendum(tx, { id, text: ciphertext, createTime }, consultation);
    const resource = `consultations/${consultationId}/addenda/${id}`;
    return changed({ id, consultationId, text, createTime }, { resource, subjectIds: [patientId, doctorId] });
  };
  return await app.calls.apply(call, create, () => readEntries("consultation.get", [accessTo(consultation)]));
}

const tooMany = (usedBytes: number): ApiError =>
  new ApiError("TOO_MANY_ADDENDA", {
    metadata: { limit: `${MAX_ADDENDA}`, limitBytes: `${MAX_BYTES}`, usedBytes: `${usedBytes}` },
  });
