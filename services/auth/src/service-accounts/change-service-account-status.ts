import { changed, type Effect, hasChanged, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  DisableServiceAccountRequest,
  EnableServiceAccountRequest,
  ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { revokeTokens } from "../revocations/revoke-tokens.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { findKeys, setKeySession } from "./client-key-store.ts";
import { entryOf, type Status, toServiceAccount } from "./service-account.ts";
import {
  findSecrets,
  lockServiceAccount,
  setSecretSession,
  setServiceAccountStatus,
} from "./service-account-store.ts";

/** ServiceAccountService.DisableServiceAccount. A repeated call changes nothing. Throws NOT_FOUND. */
export const disableServiceAccount = async (
  app: Auth,
  { serviceAccountId: id }: DisableServiceAccountRequest,
  call: Call,
): Promise<ServiceAccount> =>
  await app.calls.apply(call, async (tx) => {
    const effect = await changeStatus(tx, id, "DISABLED");
    if (hasChanged(effect)) await revokeAll(app, tx, id);
    return effect;
  });

/**
 * ServiceAccountService.EnableServiceAccount. A repeated call changes nothing. Throws NOT_FOUND,
 * UNAUTHENTICATED.
 */
export const enableServiceAccount = async (
  app: Auth,
  { serviceAccountId: id }: EnableServiceAccountRequest,
  call: Call,
): Promise<ServiceAccount> =>
  await app.calls.apply(call, async (tx) => {
    await lockSession(tx, userOf(call), app.clock.now());
    return await changeStatus(tx, id, "ACTIVE");
  });

async function changeStatus(tx: Transaction, id: string, status: Status): Promise<Effect<ServiceAccount>> {
  const account = await lockServiceAccount(tx, id);
  if (!account) throw new ApiError("NOT_FOUND");
  const keys = await findKeys(tx, id);
  if (account.status === status) return unchanged(toServiceAccount(account, keys));
  setServiceAccountStatus(tx, id, status);
  return changed(toServiceAccount({ ...account, status }, keys), entryOf(account));
}

/**
 * Revokes the access tokens of all secrets and keys of an account. Each then gets a new `sid`, so that tokens
 * issued after a later EnableServiceAccount are valid.
 */
async function revokeAll(app: Auth, tx: Transaction, accountId: string): Promise<void> {
  const secrets = await findSecrets(tx, accountId);
  const keys = await findKeys(tx, accountId);
  const sessionIds = [...secrets, ...keys].map(({ sessionId }) => sessionId);
  revokeTokens(app, tx, sessionIds, app.clock.now());
  for (const { id } of secrets) setSecretSession(tx, id, newId());
  for (const { kid } of keys) setKeySession(tx, accountId, kid, newId());
}
