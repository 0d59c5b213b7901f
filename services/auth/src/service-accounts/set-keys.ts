import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  ServiceAccount,
  SetServiceAccountKeysRequest,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { findKeys } from "./client-key-store.ts";
import { addKeys, assertUsable, endKeys, jwkOf } from "./client-keys.ts";
import { endSecrets } from "./secrets.ts";
import { entryOf, toServiceAccount } from "./service-account.ts";
import { findSecrets, lockServiceAccount } from "./service-account-store.ts";

/**
 * ServiceAccountService.SetServiceAccountKeys. Keys that stay keep their tokens. A repeated call changes nothing.
 * Throws NOT_FOUND, UNAUTHENTICATED, and INVALID_REQUEST for an unusable key.
 */
export async function setServiceAccountKeys(
  app: Auth,
  { serviceAccountId, jwks, endSecrets: endsSecrets }: SetServiceAccountKeysRequest,
  call: Call,
): Promise<ServiceAccount> {
  const wanted = jwks?.keys ?? [];
  assertUsable(wanted, "jwks.keys");
  const now = app.clock.now();
  return await app.calls.apply(call, async (tx) => {
    await lockSession(tx, userOf(call), now);
    const account = await lockServiceAccount(tx, serviceAccountId);
    if (!account) throw new ApiError("NOT_FOUND");
    const present = await findKeys(tx, account.id);
    const secrets = endsSecrets ? await findSecrets(tx, account.id) : [];
    const wantedJwks = wanted.map(jwkOf);
    const ended = present.filter(({ jwk }) => !wantedJwks.includes(jwk));
    const added = wanted.filter((key) => !present.some(({ jwk }) => jwk === jwkOf(key)));
    endKeys(app, tx, account.id, ended, now);
    addKeys(app, tx, account, added, now);
    endSecrets(app, tx, secrets, now);
    const answer = toServiceAccount(
      account,
      wantedJwks.map((jwk) => ({ jwk })),
    );
    const isSame = ended.length + added.length + secrets.length === 0;
    return isSame ? unchanged(answer) : changed(answer, entryOf(account));
  });
}
