import type { Database } from "../db/database.ts";
import { type ChainHead, GENESIS } from "./audit-chain.ts";

/** Number of checkpoints that are read at once. */
const PAGE = 1000;

/** Head of the chain of another service, and the time at which this service received it. */
export interface Checkpoint extends ChainHead {
  createTime: Date;
}

const INSERT = "INSERT INTO audit_checkpoints (service, seq, hmac, create_time) VALUES (?, ?, ?, ?)";

/** Stores a checkpoint of a service. Throws a duplicate-key error if the same head is stored already. */
export async function insertCheckpoint(db: Database, service: string, checkpoint: Checkpoint): Promise<void> {
  await db.write(INSERT, [service, checkpoint.seq, checkpoint.hmac, checkpoint.createTime]);
}

/**
 * Pages by (seq, hmac), because one number may have several HMACs. In that case a chain was forged: its
 * service has sent the HMACs of two different seals with the same number.
 */
const CHECKPOINTS = `SELECT seq, hmac, create_time AS createTime FROM audit_checkpoints
  WHERE service = ? AND seq >= ? AND NOT (seq = ? AND hmac <= ?) ORDER BY seq, hmac LIMIT ${PAGE}`;

/** Reads all checkpoints of a service, in pages. */
export async function* readCheckpoints(db: Database, service: string): AsyncGenerator<Checkpoint[]> {
  for (let after: ChainHead = GENESIS; ; ) {
    const page = await db.read<Checkpoint>(CHECKPOINTS, [service, after.seq, after.seq, after.hmac]);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last;
  }
}

const FARTHEST_CHECKPOINT_UNTIL = `SELECT seq, hmac, create_time AS createTime FROM audit_checkpoints
  WHERE service = ? AND create_time <= ? ORDER BY seq DESC LIMIT 1`;
const NEAREST_CHECKPOINT = `SELECT seq, hmac, create_time AS createTime FROM audit_checkpoints
  WHERE service = ? ORDER BY seq LIMIT 1`;

/**
 * Finds the checkpoint with the highest number among those received up to a time. If there is none, finds the
 * checkpoint with the lowest number. Returns undefined if the service has no checkpoints.
 */
export async function readCheckpointBefore(
  db: Database,
  service: string,
  time: Date,
): Promise<Checkpoint | undefined> {
  const [farthest] = await db.read<Checkpoint>(FARTHEST_CHECKPOINT_UNTIL, [service, time]);
  if (farthest) return farthest;
  const [nearest] = await db.read<Checkpoint>(NEAREST_CHECKPOINT, [service]);
  return nearest;
}

const FARTHEST_CHECKPOINT = `SELECT seq, hmac, create_time AS createTime FROM audit_checkpoints
  WHERE service = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`;

/** Finds the checkpoint with the highest number up to `seq`; undefined if there is none. */
export async function readFarthestCheckpoint(
  db: Database,
  service: string,
  seq: number,
): Promise<Checkpoint | undefined> {
  const [farthest] = await db.read<Checkpoint>(FARTHEST_CHECKPOINT, [service, seq]);
  return farthest;
}
