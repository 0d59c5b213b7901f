import { ENCRYPTION_OVERHEAD_BYTES } from "@medconnect/platform/crypto/field-cipher.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Owned } from "../access/parties.ts";
import type { AddendumRow } from "./addendum.ts";
import type { ConsultationRow } from "./consultation.ts";

export function insertAddendum(
  tx: Transaction,
  row: Omit<AddendumRow, "consultationId">,
  consultation: Owned,
): void {
  const { id: consultationId, patientId, doctorId } = consultation;
  tx.defer(
    "INSERT INTO addenda (id, consultation_id, patient_id, doctor_id, text, create_time) VALUES (?, ?, ?, ?, ?, ?)",
    [
      binaryId(row.id),
      binaryId(consultationId),
      binaryId(patientId),
      binaryId(doctorId),
      row.text,
      row.createTime,
    ],
  );
}

/**
 * The addenda of a consultation, oldest first. Only a completed consultation has addenda, so no query runs
 * for another status.
 */
export async function findAddenda(
  tx: Pick<Transaction, "read">,
  { id, status }: Pick<ConsultationRow, "id" | "status">,
): Promise<AddendumRow[]> {
  if (status !== "COMPLETED") return [];
  return await tx.read<AddendumRow>(
    `SELECT id, consultation_id AS consultationId, text, create_time AS createTime
     FROM addenda WHERE consultation_id = ? ORDER BY create_time, id`,
    [binaryId(id)],
  );
}

/** Number of a consultation's addenda, and the total size of their texts in bytes of UTF-8. */
export async function measureAddenda(
  tx: Transaction,
  consultationId: string,
): Promise<{ count: number; bytes: number }> {
  const [row] = await tx.read<{ count: number; storedBytes: number }>(
    `SELECT COUNT(*) AS count, COALESCE(SUM(OCTET_LENGTH(text)), 0) AS storedBytes
     FROM addenda WHERE consultation_id = ?`,
    [binaryId(consultationId)],
  );
  // biome-ignore lint/style/noNonNullAssertion: COUNT without GROUP BY always has one row
  const { count: rows, storedBytes } = row!;
  const count = Number(rows);
  return { count, bytes: Number(storedBytes) - count * ENCRYPTION_OVERHEAD_BYTES };
}
