import {
  AuditServiceService,
  type RecordCheckpointRequest,
  RecordCheckpointResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import type { Database } from "../db/database.ts";
import { duplicateKeyOf } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import { perApp } from "../memory/per-app.ts";
import type { Logger } from "../telemetry/log.ts";
import { counter, gaugeInSeconds } from "../telemetry/metrics.ts";
import type { Clock } from "../time/clock.ts";
import { type ChainHead, GENESIS } from "./audit-chain.ts";
import { type Checkpoint, insertCheckpoint, readCheckpointBefore } from "./checkpoint-store.ts";
import { readHead, readSealAt } from "./seal-store.ts";

const TIMEOUT_MS = 5000;
/** Maximum plausible growth of a chain in audit lines per second. Sealers cannot reach it. */
const MOST_A_SECOND = 5000;
/** Number of audit lines by which a burst may exceed the growth at `MOST_A_SECOND`. */
const MOST_AT_ONCE = 10_000;
/**
 * Maximum time in ms for which growth is counted: two checkpoint intervals. Without this limit, a service
 * that was quiet for days could report a huge number.
 */
const COUNTED_MS = 120_000;
/**
 * Minimum age in ms of the stored head from which growth is measured. All concurrent calls are thus measured
 * from the same head. If each were measured from the call before it, each could add a burst.
 */
const MEASURED_FROM_MS = 60_000;
/**
 * Maximum number of RecordCheckpoint calls per interval, from all instances of a service together. Each
 * instance normally makes one.
 */
const MOST_CALLS = 20;

const refused = counter("audit.checkpoints.refused", "Checkpoints refused as implausible, by sender");

/**
 * Computes the largest plausible number for the head of a chain, given an earlier head. Without this limit, a
 * compromised service could report a number that its chain never reaches. The audit check would then report
 * that difference for ever. The first head may have any number.
 */
export function farthestPlausible(
  earlier: Pick<Checkpoint, "seq" | "createTime"> | undefined,
  now: Date,
): number {
  if (!earlier) return Number.MAX_SAFE_INTEGER;
  const sinceMs = now.getTime() - earlier.createTime.getTime();
  const countedMs = Math.min(Math.max(0, sinceMs), COUNTED_MS);
  return earlier.seq + MOST_AT_ONCE + Math.floor((MOST_A_SECOND * countedMs) / 1000);
}

export interface CheckpointApp {
  readonly service: string;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the service that stores the checkpoints of the given service. */
  readonly witnessOf: (service: string) => string;
  /** Interval at which services send checkpoints, in ms. */
  readonly everyMs: number;
}

/**
 * AuditService.RecordCheckpoint: stores the head of the chain of the calling service, which sends it every
 * `everyMs`. Never deletes a head. Throws RATE_LIMITED if the service calls too often. Throws
 * IMPLAUSIBLE_CHECKPOINT with the largest plausible number, so that the caller can report a long chain in
 * steps.
 */
export async function recordCheckpoint(
  app: CheckpointApp,
  { seq, hmac }: RecordCheckpointRequest,
  { caller }: Call,
): Promise<RecordCheckpointResponse> {
  const { service, db, clock, log, witnessOf, everyMs } = app;
  if (caller.kind !== "service" || witnessOf(caller.name) !== service)
    throw new ApiError("PERMISSION_DENIED");
  const now = clock.now();
  if (!quotaOf(app).take(now)) throw new ApiError("RATE_LIMITED", { retryAfterMs: everyMs });
  const earlier = await readCheckpointBefore(db, caller.name, new Date(now.getTime() - MEASURED_FROM_MS));
  const maxSeq = farthestPlausible(earlier, now);
  if (seq > maxSeq) {
    refused({ sender: caller.name });
    log.error({ service: caller.name, seq, maxSeq }, "checkpoint refused: the chain grew implausibly fast");
    throw new ApiError("IMPLAUSIBLE_CHECKPOINT", { metadata: { maxSeq: `${maxSeq}` } });
  }
  try {
    await insertCheckpoint(db, caller.name, { seq, hmac: Buffer.from(hmac), createTime: now });
  } catch (error) {
    // The head is stored already: nothing has been sealed since the last call, or another instance of the
    // service has sent the same head.
    if (!duplicateKeyOf(error)) throw error;
  }
  return RecordCheckpointResponse.create();
}

const quotaOf = perApp(({ everyMs }: CheckpointApp) => new CallQuota(MOST_CALLS, everyMs));

/** Limits calls within a sliding window. */
class CallQuota {
  readonly #most: number;
  readonly #intervalMs: number;
  #times: number[] = [];

  constructor(most: number, intervalMs: number) {
    this.#most = most;
    this.#intervalMs = intervalMs;
  }

  /** Counts a call. @returns false if the quota of this interval is used up */
  take(now: Date): boolean {
    const time = now.getTime();
    this.#times = this.#times.filter((earlier) => time - earlier < this.#intervalMs);
    if (this.#times.length >= this.#most) return false;
    this.#times.push(time);
    return true;
  }
}

/**
 * Finds the last seal that the witness accepts, after the witness has refused a head as too far ahead.
 * Rethrows any other error.
 */
async function stepTo(db: Database, refusal: unknown): Promise<ChainHead> {
  const isTooFar = refusal instanceof ApiError && refusal.reason === "IMPLAUSIBLE_CHECKPOINT";
  const step = isTooFar ? await readSealAt(db, Number(refusal.metadata.maxSeq)) : undefined;
  if (!step) throw refusal;
  return step;
}

/** The service that stores this service's checkpoints. */
export interface Witness {
  readonly name: string;
  readonly client: GrpcClient;
}

/**
 * Makes a job that sends the head of this service's audit chain to its witness, another service that stores
 * the head. The metric `audit.checkpoint.age` grows only while the witness lacks the newest head. If the
 * witness could not be reached for hours, it may refuse the head as too far ahead. Each run then sends one
 * plausible step.
 */
export function leaveCheckpoints(
  db: Database,
  witness: Witness,
  tokens: ServiceTokens,
  clock: Clock,
): () => Promise<void> {
  let told = GENESIS.seq;
  let toldAt = clock.now();
  gaugeInSeconds(
    "audit.checkpoint.age",
    "Time since the witness last had the newest head of the audit trail",
    (report) => report((clock.now().getTime() - toldAt.getTime()) / 1000),
  );
  const tell = async ({ seq, hmac }: ChainHead) => {
    const authorization = `Bearer ${await tokens.tokenFor(witness.name)}`;
    const options = { deadline: within(TIMEOUT_MS), metadata: { authorization } };
    await witness.client.call(AuditServiceService.recordCheckpoint, { seq, hmac }, options);
    told = seq;
  };
  return async () => {
    const readAt = clock.now();
    const head = await readHead(db);
    if (head.seq !== told) {
      const step = await tell(head).catch((error) => stepTo(db, error));
      if (step) return await tell(step);
    }
    toldAt = readAt;
  };
}
