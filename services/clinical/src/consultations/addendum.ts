import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Addendum } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Owned } from "../access/parties.ts";

/** An addendum as read from the database, with its text encrypted. */
export interface AddendumRow {
  id: string;
  consultationId: string;
  /** Ciphertext. */
  text: Buffer;
  createTime: Date;
}

/** Encryption context of an addendum's text. It binds the text to its consultation, patient and doctor. */
export const textContext = (id: string, { id: consultationId, patientId, doctorId }: Owned): string =>
  `addenda.text:${id}:${consultationId}:${patientId}:${doctorId}`;

/**
 * @param consultation the consultation that the caller may read. The text is decrypted with the ids of this
 * consultation, not with the ids in `row`. So an addendum that was moved to another consultation cannot be
 * decrypted.
 */
export const toAddendum = (row: AddendumRow, consultation: Owned, cipher: FieldCipher): Addendum => ({
  id: row.id,
  consultationId: row.consultationId,
  text: cipher.decrypt(textContext(row.id, consultation), row.text).toString(),
  createTime: row.createTime,
});
