import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  BatchGetActorsRequest,
  BatchGetActorsResponse,
} from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import type { Auth } from "../app.ts";
import { reasonOf } from "../break-glass/grant.ts";
import { findActors, findReasons } from "./actor-store.ts";

/** ActorService.BatchGetActors: leaves out other patients, and grants for other patients' records. */
export const batchGetActors =
  (app: Auth) =>
  async ({ userIds, grantIds }: BatchGetActorsRequest, call: Call): Promise<BatchGetActorsResponse> => {
    const { userId } = userOf(call);
    return await app.db.transaction(async (tx) => {
      const actors = await findActors(tx, userIds, userId);
      const reasons = await findReasons(tx, grantIds, userId);
      const grantReasons = Object.fromEntries(reasons.map((grant) => [grant.id, reasonOf(grant, app.box)]));
      return { actors, grantReasons };
    });
  };
