import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  BatchGetActorsRequest,
  BatchGetActorsResponse,
} from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import type { Auth } from "../app.ts";
import { reasonOf } from "../break-glass/grant.ts";
import { findActors, findReasons } from "./actor-store.ts";

/**
 * ActorService.BatchGetActors: looks up the names of users and the reasons of grants in a patient's access
 * log. Leaves out other patients, and grants for other patients' records. Audits whose names the patient
 * sees.
 */
export async function batchGetActors(
  app: Auth,
  { userIds, grantIds, patientId }: BatchGetActorsRequest,
  call: Call,
): Promise<BatchGetActorsResponse> {
  const { actors, reasons } = await app.db.transaction(async (tx) => ({
    actors: await findActors(tx, userIds, patientId),
    reasons: await findReasons(tx, grantIds, patientId),
  }));
  const others = actors.filter(({ userId }) => userId !== patientId);
  const resource = `access-logs/${patientId}`;
  await app.audit.record(
    call,
    others.map(({ userId }) => ({ resource, subjectIds: [userId] })),
  );
  const texts = leaveOutAltered(app.log, reasons, (grant) => [grant.id, reasonOf(grant, app.cipher)]);
  return { actors, grantReasons: Object.fromEntries(texts) };
}
