import { createHash } from "node:crypto";
import {
  type AuditChain,
  type ChainHead,
  type EventRow,
  GENESIS,
  type Seal,
} from "@medconnect/platform/audit/audit-chain.ts";
import { readCheckpoints, readFarthestCheckpoint } from "@medconnect/platform/audit/checkpoint-store.ts";
import {
  readHead,
  readSealed,
  readSealedAfter,
  readUnsealed,
  sealsAt,
} from "@medconnect/platform/audit/seal-store.ts";
import type { Database } from "@medconnect/platform/db/database.ts";

/** Kinds of findings in an audit trail, with their descriptions. */
export const FINDINGS = {
  EVENT_CHANGED: "an event was changed, or is not the one that was sealed here",
  EVENT_DELETED: "a sealed event is gone",
  SEALS_MISSING: "seals are missing before this one",
  KEY_UNKNOWN: "a seal's key is not among the known ones",
  EVENT_UNSEALED: "an event was never sealed",
  TRUNCATED: "the witness was told of a seal that is gone",
  REWRITTEN: "the witness was told of another seal",
  UNWITNESSED: "the witness was told of no seal from this one on, so that a cut-off end would not be found",
} as const;

export interface Finding {
  kind: keyof typeof FINDINGS;
  /** Number of the seal that the finding is about. Absent if the finding is not about a seal. */
  seq?: number;
  eventId?: string;
  /** Time of the event or checkpoint that the finding is about. */
  time?: Date;
  /** Hash of the changed row. If the row is changed again, the hash differs, so the finding is a new one. */
  digest?: string;
}

export interface Trail {
  service: string;
  chain: AuditChain;
  db: Database;
  /**
   * Database of the witness: the service that stores the checkpoints of the checked service (checkpoints.ts).
   * Without it, the check cannot notice that the end of the trail was cut off.
   */
  witness?: Database | undefined;
  /**
   * Events before this time must have a seal, and their seals must be covered by a checkpoint. Later events
   * may lack both.
   */
  sealedBefore: Date;
}

/**
 * Checks the events of an audit trail against their seals, and the seals against the checkpoints at the
 * witness. Reads page by page, so memory does not grow with the trail. The services may run during the check.
 *
 * @param onPage called after each page, with the number of seals or checkpoints in the page
 */
export async function* verifyTrail(trail: Trail, onPage: (looked: number) => void): AsyncGenerator<Finding> {
  yield* findBrokenSeals(trail, onPage);
  yield* findUnsealed(trail);
  if (!trail.witness) return;
  yield* findCutOff(trail, trail.witness, onPage);
  yield* findUnwitnessed(trail, trail.witness);
}

/**
 * Checks each seal with the MAC of the previous seal as stored, not as computed from the first seal on. A
 * changed event therefore yields one finding, and later seals yield none.
 */
async function* findBrokenSeals({ db, chain }: Trail, onPage: (looked: number) => void) {
  let previous: ChainHead = GENESIS;
  for await (const page of readSealed(db)) {
    for (const { seal, event } of page) {
      yield* findingsOf(chain, seal, event, previous);
      previous = seal;
    }
    onPage(page.length);
  }
}

function* findingsOf(
  chain: AuditChain,
  seal: Seal,
  event: EventRow | undefined,
  previous: ChainHead,
): Generator<Finding> {
  const { seq, eventId } = seal;
  const isNext = seq === previous.seq + 1;
  if (!isNext) yield { kind: "SEALS_MISSING", seq };
  if (!event) yield { kind: "EVENT_DELETED", seq, eventId };
  else if (!chain.knowsKey(seal.keyId)) yield { kind: "KEY_UNKNOWN", seq, eventId };
  // A seal can be checked only if the previous seal is present.
  else if (isNext && !chain.isIntact(seal, previous, event))
    yield { kind: "EVENT_CHANGED", seq, eventId, time: event.occur_time, digest: digestOf(event) };
}

const digestOf = (event: EventRow): string =>
  createHash("sha256").update(JSON.stringify(event)).digest("hex");

async function* findUnsealed({ db, sealedBefore }: Trail): AsyncGenerator<Finding> {
  for await (const events of readUnsealed(db, sealedBefore)) {
    for (const event of events) {
      const { id: eventId, occur_time: time } = event;
      yield { kind: "EVENT_UNSEALED", eventId, time, digest: digestOf(event) };
    }
  }
}

async function* findCutOff(
  { db, service }: Trail,
  witness: Database,
  onPage: (looked: number) => void,
): AsyncGenerator<Finding> {
  for await (const checkpoints of readCheckpoints(witness, service)) {
    const seals = await sealsAt(
      db,
      checkpoints.map(({ seq }) => seq),
    );
    for (const { seq, hmac, createTime: time } of checkpoints) {
      const found = seals.get(seq);
      const digest = hmac.toString("hex");
      if (!found) yield { kind: "TRUNCATED", seq, time, digest };
      else if (!found.equals(hmac)) yield { kind: "REWRITTEN", seq, time, digest };
    }
    onPage(checkpoints.length);
  }
}

/**
 * Finds the first seal that should be covered by a checkpoint, but is not. Compares sequence numbers instead
 * of times, because the witness's administrator could change the time of an old checkpoint.
 */
async function* findUnwitnessed(
  { db, service, sealedBefore }: Trail,
  witness: Database,
): AsyncGenerator<Finding> {
  const { seq } = await readHead(db);
  const farthest = await readFarthestCheckpoint(witness, service, seq);
  const next = await readSealedAfter(db, farthest?.seq ?? GENESIS.seq, sealedBefore);
  if (next) yield { kind: "UNWITNESSED", seq: next.seq, eventId: next.id, time: next.occur_time };
}
