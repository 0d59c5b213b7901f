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
import { gauge } from "../telemetry/metrics.ts";
import { type ChainHead, GENESIS } from "./audit-chain.ts";
import { readHead } from "./seal-store.ts";

/** Who keeps the checkpoints of whose audit trail: a ring, so that each trail has its witness in another database. */
export const WITNESS_OF: Readonly<Record<string, ServiceName>> = {
  auth: "scheduling",
  scheduling: "clinical",
  clinical: "billing",
  billing: "auth",
};

const TIMEOUT_MS = 5000;
const INSERT = "INSERT INTO audit_checkpoints (service, seq, hmac, create_time) VALUES ?";

/** AuditService.RecordCheckpoint: notes where the calling service's chain has come to. Never forgets another head. */
export const recordCheckpoint =
  (service: string, db: Database, clock: Clock) =>
  async ({ seq, hmac }: RecordCheckpointRequest, { caller }: Call): Promise<RecordCheckpointResponse> => {
    if (caller.kind !== "service" || WITNESS_OF[caller.name] !== service)
      throw new ApiError("PERMISSION_DENIED");
    try {
      await db.write(INSERT, [[[caller.name, seq, Buffer.from(hmac), clock.now()]]]);
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
