import { changed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  RotateServiceAccountSecretRequest,
  ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { findKeys } from "./client-key-store.ts";
import { addSecret, endSecrets } from "./secrets.ts";
import { entryOf, toServiceAccount } from "./service-account.ts";
import {
  expireSecret,
  findExpiredSecrets,
  findSecrets,
  lockServiceAccount,
} from "./service-account-store.ts";

const DEFAULT_GRACE_S = 24 * 3600;

/** ServiceAccountService.RotateServiceAccountSecret. Throws NOT_FOUND, UNAUTHENTICATED. */
export async function rotateServiceAccountSecret(
  app: Auth,
  request: RotateServiceAccountSecretRequest,
  call: Call,
): Promise<ServiceAccount> {
  const now = app.clock.now();
  const { seconds, nanos } = request.gracePeriod ?? { seconds: DEFAULT_GRACE_S, nanos: 0 };
  const graceEnd = new Date(now.getTime() + seconds * 1000 + Math.floor(nanos / 1e6));
  return await app.calls.apply(call, async (tx) => {
    await lockSession(tx, userOf(call), now);
    const account = await lockServiceAccount(tx, request.serviceAccountId);
    if (!account) throw new ApiError("NOT_FOUND");
    const secrets = await findSecrets(tx, account.id);
    const isKept = ({ expireTime }: { expireTime: Date | null }) => expireTime === null && graceEnd > now;
    for (const { id } of secrets.filter(isKept)) expireSecret(tx, id, graceEnd);
    endSecrets(
      app,
      tx,
      secrets.filter((secret) => !isKept(secret)),
      now,
    );
    const clientSecret = addSecret(app, tx, account, now);
    const keys = await findKeys(tx, account.id);
    const rotated = { ...toServiceAccount(account, keys), clientSecret, previousSecretExpireTime: graceEnd };
    return changed(rotated, entryOf(account));
  });
}

/** Deletes secrets whose grace period is over, and revokes their access tokens. */
export const endRotatedSecrets = (app: Auth) => async (): Promise<void> => {
  const now = app.clock.now();
  const expired = await findExpiredSecrets(app.db, now);
  if (expired.length > 0) await app.db.transaction(async (tx) => endSecrets(app, tx, expired, now));
};
