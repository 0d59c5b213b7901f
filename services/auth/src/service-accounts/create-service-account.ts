import { changed } from "@medconnect/platform/changes/effect.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  CreateServiceAccountRequest,
  ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { addKeys, assertUsable, jwkOf } from "./client-keys.ts";
import { assertDeclared } from "./scope-rules.ts";
import { addSecret } from "./secrets.ts";
import { entryOf, type ServiceAccountRecord, scopeEntry, toServiceAccount } from "./service-account.ts";
import { insertServiceAccount } from "./service-account-store.ts";

/**
 * ServiceAccountService.CreateServiceAccount. Throws NAME_TAKEN, UNAUTHENTICATED, and INVALID_REQUEST for an
 * unknown scope or an unusable key. With keys, the account gets no secret.
 */
export async function createServiceAccount(
  app: Auth,
  { serviceAccount }: CreateServiceAccountRequest,
  call: Call,
): Promise<ServiceAccount> {
  // biome-ignore lint/style/noNonNullAssertion: the field rule requires the account
  const { name, scopes, jwks } = serviceAccount!;
  assertDeclared(scopes);
  const keys = jwks?.keys ?? [];
  assertUsable(keys, "service_account.jwks.keys");
  const now = app.clock.now();
  const account: ServiceAccountRecord = {
    id: newId(),
    name,
    scopes: scopes.toSorted(),
    status: "ACTIVE",
    createTime: now,
  };
  return await app.calls.apply(call, async (tx) => {
    await lockSession(tx, userOf(call), now);
    await insertServiceAccount(tx, account);
    addKeys(app, tx, account, keys, now);
    const clientSecret = keys.length === 0 ? addSecret(app, tx, account, now) : undefined;
    const scopeEntries = account.scopes.map((scope) => scopeEntry(account, scope));
    const made = toServiceAccount(
      account,
      keys.map((key) => ({ jwk: jwkOf(key) })),
    );
    return changed({ ...made, clientSecret }, entryOf(account), ...scopeEntries);
  });
}
