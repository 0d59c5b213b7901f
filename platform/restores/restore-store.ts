import { binaryId } from "../db/binary-id.ts";
import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";

/** A restore that no operator has confirmed. */
export interface UnconfirmedRestore {
  readonly id: string;
  /** The data is as it was at this moment. */
  readonly moment: Date;
  readonly createTime: Date;
  /** Time from which it can be confirmed; null before. */
  readonly readyTime: Date | null;
}

const FIND = `SELECT id, moment, create_time AS createTime, ready_time AS readyTime FROM unconfirmed_restores
  ORDER BY create_time DESC LIMIT 1`;
const INSERT = "INSERT INTO unconfirmed_restores (id, moment, create_time, ready_time) VALUES (?, ?, ?, ?)";
const MARK_READY = "UPDATE unconfirmed_restores SET ready_time = ? WHERE ready_time IS NULL";
const DELETE = "DELETE FROM unconfirmed_restores";

/** Returns the latest unconfirmed restore; undefined if there is none. */
export async function findUnconfirmedRestore(db: Database): Promise<UnconfirmedRestore | undefined> {
  const [restore] = await db.read<UnconfirmedRestore>(FIND);
  return restore;
}

export function insertUnconfirmedRestore(
  tx: Transaction,
  { id, moment, createTime, readyTime }: UnconfirmedRestore,
): void {
  tx.defer(INSERT, [binaryId(id), moment, createTime, readyTime]);
}

export async function markRestoresReady(db: Database, now: Date): Promise<void> {
  await db.write(MARK_READY, [now]);
}

export function deleteUnconfirmedRestores(tx: Transaction): void {
  tx.defer(DELETE);
}
