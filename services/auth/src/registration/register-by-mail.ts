import type { Effect } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { NewAccount } from "../accounts/account.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { linkTokenHash, newLinkToken } from "../links/link-tokens.ts";
import { allowOnce } from "../lockouts/allow-once.ts";
import { registrationCounters } from "../lockouts/attempt-counters.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { registrationProof } from "./registration-proof.ts";
import { insertRegistration } from "./registration-store.ts";

/**
 * Registers without telling whether the e-mail is known, and without an account: there is one once `verifyEmail` has the
 * link of this registration and its password. The owner of a known e-mail is told, by mail. What comes too often for
 * one address is answered alike, and dropped.
 */
export async function registerByMail(app: Auth, created: NewAccount, call: Call): Promise<void> {
  const { email } = created.account;
  const owner = await findAccountByEmail(app.db, email);
  await app.calls.apply(call, async (tx) => {
    const isDue = await allowOnce(tx, registrationCounters(app, email, call), app.clock.now());
    if (owner) {
      if (isDue) queueMail(app, tx, owner, { template: "already-registered" });
      return audited(`users/${owner.id}`, [owner.id], "FAILURE");
    }
    if (!isDue) return audited("registrations/-", [], "FAILURE");
    mailRegistration(app, tx, created);
    return audited(`registrations/${created.account.id}`, [created.account.id], "SUCCESS");
  });
}

function mailRegistration(app: Auth, tx: Transaction, { account, passwordHash }: NewAccount): void {
  const token = newLinkToken();
  const expireTime = new Date(app.clock.now().getTime() + app.verifyLinkMs);
  const link = { tokenHash: linkTokenHash(token), expireTime };
  const proof = registrationProof(app.proofs, { ...account, ...link });
  insertRegistration(tx, { ...account, passwordHash }, { ...link, proof });
  queueMail(app, tx, account, { template: "verify-email", token }, expireTime);
}

const audited = (
  resource: string,
  subjectIds: string[],
  outcome: "SUCCESS" | "FAILURE",
): Effect<undefined> => ({ response: undefined, entries: [{ resource, subjectIds, outcome }] });
