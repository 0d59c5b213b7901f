import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { passwordProof } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { deleteLinkTokens } from "../links/link-token-store.ts";
import { queueMail, type Recipient } from "../mail/queue-mail.ts";
import { endSessions } from "../sessions/end-sessions.ts";
import { lockLiveSessions } from "../sessions/session-store.ts";
import { updatePassword } from "./credential-store.ts";

/**
 * Gives an account another password: logins that wait for a second factor, and links that reset the password, are void,
 * sessions end, and its owner is told by mail.
 *
 * @param keptSessionId the session that goes on: that of whoever has shown the old password
 */
export async function setPassword(
  app: Auth,
  tx: Transaction,
  account: Recipient,
  { passwordHash, keptSessionId }: { passwordHash: string; keptSessionId?: string },
): Promise<void> {
  const now = app.clock.now();
  // Before the sessions are looked at: a login that holds the account adds one until it commits.
  const proof = passwordProof(app.hash, account.id, passwordHash);
  updatePassword(tx, account.id, { hash: passwordHash, proof }, now);
  const sessionIds = await lockLiveSessions(tx, account.id, now);
  endSessions(
    app,
    tx,
    sessionIds.filter((id) => id !== keptSessionId),
    now,
  );
  deleteLinkTokens(tx, account.id);
  queueMail(app, tx, account, { template: "password-changed" });
}
