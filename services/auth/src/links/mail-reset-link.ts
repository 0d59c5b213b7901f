import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { queueMail, type Recipient } from "../mail/queue-mail.ts";
import { insertLinkToken, recordLinkMail } from "./link-token-store.ts";
import { linkTokenHash, newLinkToken, withProof } from "./link-tokens.ts";

/**
 * Mails a link that resets the password, unless one was mailed to the account within the last `MAIL_PAUSE`.
 *
 * @returns true if the link is mailed
 */
export async function mailResetLink(app: Auth, tx: Transaction, account: Recipient): Promise<boolean> {
  const now = app.clock.now();
  const since = new Date(now.getTime() - app.mailPauseMs);
  if (!(await recordLinkMail(tx, account.id, { now, since }))) return false;
  const token = newLinkToken();
  const expireTime = new Date(now.getTime() + app.resetLinkMs);
  const link = { hash: linkTokenHash(token), userId: account.id, expireTime };
  insertLinkToken(tx, withProof(app.proofs, link, account.email));
  queueMail(app, tx, account, { template: "reset-password", token }, expireTime);
  return true;
}
