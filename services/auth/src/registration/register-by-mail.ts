import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed } from "@medconnect/platform/changes/effect.ts";
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
 * Stores a registration and mails its link. The account is created later, by `verifyEmail`. If the address
 * already has an account, its owner gets a notice instead. An address over its limit gets no mail. The
 * response is the same in all cases.
 */
export async function registerByMail(app: Auth, created: NewAccount, call: Call): Promise<void> {
  const { email } = created.account;
  const owner = await findAccountByEmail(app.db, email);
  await app.calls.apply(call, async (tx) => {
    const isDue = await allowOnce(tx, registrationCounters(app, email, call), app.clock.now());
    if (owner) {
      if (isDue) queueMail(app, tx, owner, { template: "already-registered" });
      return changed(undefined, entryOf("users", owner.id, "FAILURE"));
    }
    if (!isDue) return changed(undefined, entryOf("registrations", undefined, "FAILURE"));
    mailRegistration(app, tx, created);
    return changed(undefined, entryOf("registrations", created.account.id, "SUCCESS"));
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

const entryOf = (
  collection: "users" | "registrations",
  id: string | undefined,
  outcome: "SUCCESS" | "FAILURE",
): AuditEntry => ({ resource: `${collection}/${id ?? "-"}`, subjectIds: id ? [id] : [], outcome });
