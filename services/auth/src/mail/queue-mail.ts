import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type { Mail } from "./mail.ts";
import { insertMail } from "./mail-store.ts";

/** Who gets a mail. */
export interface Recipient {
  /** The id of the account, or of the registration. */
  readonly id: string;
  readonly email: string;
}

/** What a mail is about is no news any more after this long. */
const NEWS_TTL_MS = 3 * 24 * 60 * 60 * 1000;

/**
 * Has a mail sent once the transaction has committed, and not if it does not.
 *
 * @param expireTime until when the mail is of use, such as that of its link; three days if absent
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
    content: app.cipher.encrypt(placeOf(id), JSON.stringify({ email, mail })),
    createTime,
    expireTime: expireTime ?? new Date(createTime.getTime() + NEWS_TTL_MS),
  });
  tx.afterCommit(() => app.mailJob.kick());
}

/** The inverse of the sealing: to whom, and what. Throws for a value of another row or key. */
export function openMail(
  { cipher }: { cipher: FieldCipher },
  row: { id: string; content: Buffer },
): QueuedMail {
  return JSON.parse(cipher.decrypt(placeOf(row.id), row.content).toString());
}

export interface QueuedMail {
  readonly email: string;
  readonly mail: Mail;
}

const placeOf = (id: string): string => `mails.content:${id}`;
