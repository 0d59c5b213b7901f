import { changed } from "@medconnect/platform/changes/effect.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  CreateServiceAccountRequest,
  ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { assertDeclared } from "./scope-rules.ts";
import { addSecret } from "./secrets.ts";
import { entryOf, type ServiceAccountRecord, scopeEntry, toServiceAccount } from "./service-account.ts";
import { insertServiceAccount } from "./service-account-store.ts";

/**
 * ServiceAccountService.CreateServiceAccount. Throws NAME_TAKEN, UNAUTHENTICATED, and INVALID_REQUEST for an
 * unknown scope.
 */
export async function createServiceAccount(
  app: Auth,
  { serviceAccount }: CreateServiceAccountRequest,
  call: Call,
): Promise<ServiceAccount> {
  // biome-ignore lint/style/noNonNullAssertion: the field rule requires the account
  const { name, scopes } = serviceAccount!;
  assertDeclared(scopes);
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
    const clientSecret = addSecret(app, tx, account, now);
    const scopeEntries = account.scopes.map((scope) => scopeEntry(account, scope));
    return changed({ ...toServiceAccount(account), clientSecret }, entryOf(account), ...scopeEntries);
  });
}
