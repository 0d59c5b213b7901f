import type { Transaction } from "@medconnect/platform/db/transaction.ts";

export interface AddendumRow {
  id: string;
  consultation_id: string;
  text: Buffer;
  create_time: Date;
}

export function insertAddendum(tx: Transaction, row: AddendumRow): void {
  tx.defer("INSERT INTO addenda (id, consultation_id, text, create_time) VALUES (?, ?, ?, ?)", [
    row.id,
    row.consultation_id,
    row.text,
    row.create_time,
  ]);
}

/** The addenda of a consultation, oldest first. */
export async function findAddenda(
  tx: Pick<Transaction, "read">,
  consultationId: string,
): Promise<AddendumRow[]> {
  return await tx.read<AddendumRow>(
    `SELECT id, consultation_id, text, create_time FROM addenda WHERE consultation_id = ?
     ORDER BY create_time, id`,
    [consultationId],
  );
}

export async function countAddenda(tx: Transaction, consultationId: string): Promise<number> {
  const [row] = await tx.read<{ count: number }>(
    "SELECT COUNT(*) AS count FROM addenda WHERE consultation_id = ?",
    [consultationId],
  );
  return Number(row!.count);
}
