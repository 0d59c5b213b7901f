import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { deleteLiveKeys } from "../keys/signing-key-store.ts";
import { deleteAllLinkTokens } from "../links/link-token-store.ts";
import { deleteAllChallenges } from "../mfa/mfa-store.ts";
import { endAllSessions } from "../sessions/session-store.ts";

/**
 * Makes everybody sign in again, after a restore. A restored session may have ended since, and a restored link may have
 * been used. The signing keys go, too, because tokens of sessions that the restore lost would stay valid for minutes.
 */
export function endAllLogins(tx: Transaction, now: Date): void {
  endAllSessions(tx, now);
  deleteAllChallenges(tx);
  deleteAllLinkTokens(tx);
  deleteLiveKeys(tx, now);
}
