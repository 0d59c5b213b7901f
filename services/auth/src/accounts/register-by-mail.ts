import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Auth } from "../app.ts";
import { mailLink } from "../links/mail-link.ts";
import { mayMail } from "../mail/may-mail.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { type Account, findAccountByEmail, type NewAccount } from "./account-store.ts";
import { createAccount } from "./create-account.ts";

/**
 * Registers without telling whether the e-mail is known: its owner is told, by mail. The way that
 * has events does not wait for them.
 */
export async function registerByMail(app: Auth, created: NewAccount, call: Call): Promise<void> {
  const known = await findAccountByEmail(app.db, created.account.email);
  try {
    await app.changes.apply(call, async (tx) => ({
      response: undefined,
      trails: [known ? await tellOwner(app, tx, known) : await createUnverified(app, tx, created)],
      isAnsweredAtOnce: true,
    }));
  } catch (error) {
    // Somebody registered it a moment ago: they have a mail.
    if (!(error instanceof ApiError) || error.reason !== "EMAIL_TAKEN") throw error;
  }
}

async function createUnverified(app: Auth, tx: Transaction, created: NewAccount): Promise<Trail> {
  const trail = await createAccount(tx, created);
  mailLink(app, tx, created.account, "VERIFY_EMAIL");
  return trail;
}

async function tellOwner(app: Auth, tx: Transaction, owner: Account): Promise<Trail> {
  const isDue = await mayMail(app, tx, owner.id, "ALREADY_REGISTERED");
  if (isDue) queueMail(app, tx, owner, { template: "already-registered" });
  return { resource: `users/${owner.id}`, subjectIds: [owner.id], outcome: "FAILURE" };
}
