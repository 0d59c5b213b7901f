import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "@medconnect/platform/db/database.ts";
import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { afterFailure, codeOf } from "@medconnect/platform/mail/delivery-rules.ts";
import type { MailTransport } from "@medconnect/platform/mail/mail-transport.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { counter, gauge } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import { countMails, deleteMail, leaseDueMails, type MailRow, recordMailFailure } from "./mail-store.ts";
import { decryptMail } from "./queue-mail.ts";
import { renderMail } from "./templates.ts";

/** Number of mails that a process sends concurrently. */
const BATCH = 8;
/** Pauses between attempts to delete a sent mail. */
const DELETE_PAUSES_MS = [500, 1000, 2000, 4000, 8000];

const mails = counter("mails", "Attempts to send a mail, by template and result: sent, failed, dead");

export interface Mailing {
  readonly mailTransport: MailTransport;
  readonly mailFrom: string;
  /** Time that a process has to send a mail, in ms. After that, another process may send it. */
  readonly mailLeaseMs: number;
  /** Base URL of the links in mails. */
  readonly publicUrl: string;
}

type MailApp = Pick<Platform, "db" | "clock" | "log" | "cipher"> & Mailing;

/**
 * Sends due mails. Each process leases the mails that it sends, and deletes a mail once the mail server has
 * accepted the mail. If the process dies before the deletion, another process sends the mail again under the
 * same Message-ID (decision 0010).
 */
export const deliverMails =
  (app: MailApp) =>
  (signal?: AbortSignal): Promise<void> =>
    repeat(async () => (await deliverSome(app)) === BATCH, signal);

/** Reports two numbers as a metric: mails that wait to be sent, and dead mails, which failed permanently. */
export function watchMails({ db }: Pick<Platform, "db">): void {
  const counts = sampled(() => countMails(db));
  gauge("mails.waiting", "Mails not sent yet, by state", (report) => {
    for (const [state, count] of Object.entries(counts() ?? {})) report(count, { state });
  });
}

async function deliverSome(app: MailApp): Promise<number> {
  const now = app.clock.now();
  const due = await leaseDueMails(app.db, now, new Date(now.getTime() + app.mailLeaseMs), BATCH);
  await Promise.all(due.map((row) => deliver(app, row)));
  return due.length;
}

/**
 * Sends one mail. Logs an error of the mail server instead of throwing it. Logs ids and codes only, because
 * addresses and links are confidential.
 */
async function deliver(app: MailApp, row: MailRow): Promise<void> {
  const { id, userId, template, tries } = row;
  const error = await send(app, row).then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  );
  if (!error) {
    await deleteSent(app.db, id);
    mails({ template, result: "sent" });
    app.log.info({ mailId: id, userId, template, tries }, "mail sent");
    return;
  }
  const { isDead, pauseMs } = afterFailure(error.cause, tries);
  const availableTime = new Date(app.clock.now().getTime() + pauseMs);
  const code = codeOf(error.cause);
  await recordMailFailure(app.db, id, { error: code, availableTime, isDead });
  mails({ template, result: isDead ? "dead" : "failed" });
  const line = { mailId: id, userId, template, tries: tries + 1, code };
  if (isDead) app.log.error(line, "mail is dead");
  else app.log.warn(line, "mail could not be sent; it is tried again");
}

/**
 * Deletes a sent mail. Retries after an error, because a mail that stays in the table would be sent again.
 */
async function deleteSent(db: Database, id: string): Promise<void> {
  for (const pauseMs of DELETE_PAUSES_MS) {
    try {
      return await deleteMail(db, id);
    } catch {
      await delay(pauseMs);
    }
  }
  await deleteMail(db, id);
}

async function send(app: MailApp, row: MailRow): Promise<void> {
  const { email, mail } = decryptMail(app, row);
  await app.mailTransport.send({
    id: row.id,
    from: app.mailFrom,
    to: email,
    date: row.createTime,
    ...renderMail(mail, app.publicUrl),
  });
}
