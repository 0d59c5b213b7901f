import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";
import type { Auth } from "../app.ts";
import { insertRevocations } from "./revocation-store.ts";

/**
 * Revokes the access tokens that sessions have got so far. The revocation lasts until all of these tokens
 * have expired.
 */
export function revokeTokens(app: Auth, tx: Transaction, sessionIds: string[], now: Date): void {
  if (sessionIds.length === 0) return;
  const expireTime = new Date(now.getTime() + app.accessTokenMs + CLOCK_SKEW_MS);
  insertRevocations(
    tx,
    sessionIds.map((sessionId) => ({ sessionId, expireTime })),
  );
  tx.afterCommit(() => app.revocationsJob.kick());
}
