import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type {
  RetryDeadMailRequest,
  RetryDeadMailResponse,
} from "@medconnect/proto/medconnect/auth/v1/mail_service.ts";
import type { Auth } from "../app.ts";
import { accessTo } from "./mail.ts";
import { findDeadMails, lockMails, reviveMails } from "./mail-store.ts";

const RETRIED_AT_ONCE = 1000;

/** MailService.RetryDeadMail. Throws NOT_FOUND. */
export async function retryDeadMail(
  app: Auth,
  { mailId }: RetryDeadMailRequest,
  call: Call,
): Promise<RetryDeadMailResponse> {
  return await app.calls.apply(call, async (tx) => {
    const now = app.clock.now();
    const [mail] = await lockMails(tx, [mailId], now);
    if (!mail) throw new ApiError("NOT_FOUND");
    if (!mail.dead) return unchanged({});
    reviveMails(tx, [mail.id], now);
    tx.afterCommit(() => app.mailJob.kick());
    return changed({}, accessTo(mail));
  });
}

/**
 * Queues dead mails again for an operator, a thousand per transaction. Skips mails that are not dead.
 *
 * @param named ids of the mails; default: all dead mails
 * @returns the number of mails that were queued again
 */
export async function retryDeadMails(
  { db, transactions }: Pick<Platform, "db" | "transactions">,
  actorId: string,
  now: Date,
  named?: string[],
): Promise<number> {
  const ids = named ?? (await findDeadMails(db));
  let retried = 0;
  for (let from = 0; from < ids.length; from += RETRIED_AT_ONCE) {
    await transactions.run(actorId, async (tx) => {
      const mails = await lockMails(tx, ids.slice(from, from + RETRIED_AT_ONCE), now);
      const dead = mails.filter((mail) => mail.dead);
      reviveMails(
        tx,
        dead.map(({ id }) => id),
        now,
      );
      tx.afterCommit(() => {
        retried += dead.length;
      });
      return dead.map((mail): AuditEntry => ({ ...accessTo(mail), action: "dead_mail.retry" }));
    });
  }
  return retried;
}
