import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { passwordProof } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { deleteLinkTokens } from "../links/link-token-store.ts";
import { queueMail, type Recipient } from "../mail/queue-mail.ts";
import { endSessions } from "../sessions/end-sessions.ts";
import { lockLiveSessions } from "../sessions/session-store.ts";
import { updatePassword } from "./credential-store.ts";

/**
 * Changes an account's password, ends the account's sessions, and notifies the owner by mail. Logins that
 * wait for a second factor and links that reset the password become void.
 *
 * @param keptSessionId id of the session in which the user proved the old password; it continues
 */
export async function setPassword(
  app: Auth,
  tx: Transaction,
  account: Recipient,
  { passwordHash, keptSessionId }: { passwordHash: string; keptSessionId?: string },
): Promise<void> {
  const now = app.clock.now();
  // The update locks the account before the sessions are read. So it waits for a concurrent login, and the
  // session of that login is ended as well.
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
