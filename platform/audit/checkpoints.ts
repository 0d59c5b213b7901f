import {
  AuditServiceService,
  type RecordCheckpointRequest,
  RecordCheckpointResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { duplicateKeyOf } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceName } from "../grpc/peers.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Logger } from "../log.ts";
import { counter, gauge } from "../telemetry/metrics.ts";
import { type ChainHead, GENESIS } from "./audit-chain.ts";
import { type Checkpoint, readCheckpointBefore, readHead } from "./seal-store.ts";

/** Witness of each service's audit trail: a ring, so that each trail has its witness in another database. */
export const WITNESS_OF: Readonly<Record<string, ServiceName>> = {
  auth: "scheduling",
  scheduling: "clinical",
  clinical: "billing",
  billing: "auth",
};

const TIMEOUT_MS = 5000;
/** Maximum growth of a chain in lines per second, far above any service's; also the allowance for one moment. */
const MOST_A_SECOND = 10_000;
const MOST_AT_ONCE = 10_000;
/**
 * Minimum age of the head to measure from, in ms. From the last head, each of many calls at once would get the allowance
 * again. From an old one, all calls of a moment share one bound, even if they race.
 */
const MEASURED_FROM_MS = 60_000;

const refused = counter("audit.checkpoints.refused", "Checkpoints refused as implausible, by service");

const INSERT = "INSERT INTO audit_checkpoints (service, seq, hmac, create_time) VALUES ?";

/**
 * True if a chain can have grown this far since an earlier head. Without a bound, a compromised service could leave a
 * number that its chain never reaches: a finding for ever. The first head may have any number.
 */
export function isPlausible(
  seq: number,
  earlier: Pick<Checkpoint, "seq" | "create_time"> | undefined,
  now: Date,
): boolean {
  if (!earlier) return true;
  const seconds = Math.max(0, now.getTime() - earlier.create_time.getTime()) / 1000;
  return seq <= earlier.seq + MOST_AT_ONCE + MOST_A_SECOND * seconds;
}

/**
 * AuditService.RecordCheckpoint: stores the head of the calling service's chain. Never deletes another head. Throws
 * IMPLAUSIBLE_CHECKPOINT.
 */
export const recordCheckpoint =
  (service: string, { db, clock, log }: { db: Database; clock: Clock; log: Logger }) =>
  async ({ seq, hmac }: RecordCheckpointRequest, { caller }: Call): Promise<RecordCheckpointResponse> => {
    if (caller.kind !== "service" || WITNESS_OF[caller.name] !== service)
      throw new ApiError("PERMISSION_DENIED");
    const now = clock.now();
    const earlier = await readCheckpointBefore(db, caller.name, new Date(now.getTime() - MEASURED_FROM_MS));
    if (!isPlausible(seq, earlier, now)) {
      refused({ service: caller.name });
      log.error(
        { service: caller.name, seq, earlier: earlier?.seq },
        "checkpoint refused: no chain grows so fast",
      );
      throw new ApiError("IMPLAUSIBLE_CHECKPOINT");
    }
    try {
      await db.write(INSERT, [[[caller.name, seq, Buffer.from(hmac), now]]]);
    } catch (error) {
      // Known already: nothing was sealed since, or another instance has told it.
      if (!duplicateKeyOf(error)) throw error;
    }
    return RecordCheckpointResponse.create();
  };

/**
 * Leaves the head of a service's chain with its witness, each time it is called and there is a new one. A head that the
 * witness knows already counts as told again, so that the gauge grows only while something is not told.
 */
export function leaveCheckpoints(
  service: string,
  db: Database,
  witness: GrpcClient,
  tokens: ServiceTokens,
  clock: Clock,
): () => Promise<void> {
  let told = GENESIS.seq;
  let toldAt = clock.now();
  gauge(
    "audit.checkpoint.age",
    "Seconds since the witness was last told the head of the audit trail, or knew it already",
    (report) => report((clock.now().getTime() - toldAt.getTime()) / 1000),
  );
  const tell = async ({ seq, hmac }: ChainHead) => {
    const authorization = `Bearer ${await tokens.tokenFor(WITNESS_OF[service]!)}`;
    const options = { deadline: within(TIMEOUT_MS), metadata: { authorization } };
    await witness.call(AuditServiceService.recordCheckpoint, { seq, hmac }, options);
    told = seq;
  };
  return async () => {
    const readAt = clock.now();
    const head = await readHead(db);
    if (head.seq !== told) await tell(head);
    toldAt = readAt;
  };
}
