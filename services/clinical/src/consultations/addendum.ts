import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Addendum } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Owned } from "../access/parties.ts";
import { type AddendumRow, findAddenda } from "./addendum-store.ts";
import type { ConsultationRow } from "./consultation-store.ts";

/** Where an addendum's sealed text lies, and whose it is: in another consultation, or for other people, it does not open. */
export const textContext = (id: string, { id: consultation_id, patient_id, doctor_id }: Owned): string =>
  `addenda.text:${id}:${consultation_id}:${patient_id}:${doctor_id}`;

/** @param consultation the one that the caller may read; the addendum's own columns are for npm run rekey */
export const toAddendum = (row: AddendumRow, consultation: Owned, cipher: FieldCipher): Addendum => ({
  id: row.id,
  consultationId: row.consultation_id,
  text: cipher.decrypt(textContext(row.id, consultation), row.text).toString(),
  createTime: row.create_time,
});

/** The addenda of a consultation, oldest first. One that is not completed has none, so no query runs. */
export const addendaOf = async (
  tx: Pick<Transaction, "read">,
  { id, status }: Pick<ConsultationRow, "id" | "status">,
): Promise<AddendumRow[]> => (status === "COMPLETED" ? await findAddenda(tx, id) : []);
