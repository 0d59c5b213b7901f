import { createHash, randomBytes } from "node:crypto";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { queueMail, type Recipient } from "../mail/queue-mail.ts";
import { insertLinkToken, type LinkPurpose } from "./link-token-store.ts";

const BYTES = 32;

const TEMPLATES = { VERIFY_EMAIL: "verify-email", RESET_PASSWORD: "reset-password" } as const;

/** Mails a link that proves, to whoever gets it back, that it came from somebody who reads the account's mail. */
export function mailLink(app: Auth, tx: Transaction, account: Recipient, purpose: LinkPurpose): void {
  const token = randomBytes(BYTES).toString("base64url");
  const expireTime = new Date(app.clock.now().getTime() + app.linkMs[purpose]);
  insertLinkToken(tx, { hash: linkTokenHash(token), userId: account.id, purpose, expireTime });
  queueMail(app, tx, account, { template: TEMPLATES[purpose], token }, expireTime);
}

/** What is kept of a link's token. */
export const linkTokenHash = (token: string): Buffer => createHash("sha256").update(token).digest();
