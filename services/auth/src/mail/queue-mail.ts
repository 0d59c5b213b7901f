import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type { Mail } from "./mail.ts";
import { insertMail } from "./mail-store.ts";

export interface Recipient {
  /** Id of the account, or of the registration if the account does not exist yet. */
  readonly id: string;
  readonly email: string;
}

/** Time in ms for which auth tries to send a mail that has no expiry of its own. */
const NOTICE_TTL_MS = 3 * 24 * 60 * 60 * 1000;

/**
 * Queues a mail in the transaction. The mail job sends the mail after the commit.
 *
 * @param expireTime time after which the mail is useless, such as the expiry of the mailed link; default: in
 *   three days
 */
export function queueMail(
  app: Pick<Platform, "cipher" | "clock"> & { readonly mailJob: Job },
  tx: Transaction,
  { id: userId, email }: Recipient,
  mail: Mail,
  expireTime?: Date,
): void {
  const id = newId();
  const createTime = app.clock.now();
  insertMail(tx, {
    id,
    userId,
    template: mail.template,
    content: app.cipher.encrypt(contextOf(id), JSON.stringify({ email, mail })),
    createTime,
    expireTime: expireTime ?? new Date(createTime.getTime() + NOTICE_TTL_MS),
  });
  tx.afterCommit(() => app.mailJob.kick());
}

/** Decrypts a queued mail. Throws RECORD_ALTERED. */
export function decryptMail(
  { cipher }: { cipher: FieldCipher },
  row: { id: string; content: Buffer },
): QueuedMail {
  return JSON.parse(cipher.decrypt(contextOf(row.id), row.content).toString());
}

export interface QueuedMail {
  readonly email: string;
  readonly mail: Mail;
}

const contextOf = (id: string): string => `mails.content:${id}`;
