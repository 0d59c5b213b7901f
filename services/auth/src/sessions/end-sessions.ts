import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { revokeTokens } from "../revocations/revoke-tokens.ts";
import { markEnded } from "./session-store.ts";

/** Ends sessions. Their refresh tokens are void at once, and their access tokens are revoked. */
export function endSessions(app: Auth, tx: Transaction, ids: string[], now: Date): void {
  if (ids.length === 0) return;
  markEnded(tx, ids, now);
  revokeTokens(app, tx, ids, now);
}
