import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { LicenseState_Decision } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Account } from "../accounts/account.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import type { Mail } from "../mail/mail.ts";
import { queueMail } from "../mail/queue-mail.ts";

const TEMPLATES = {
  VERIFIED: "license-verified",
  REJECTED: "license-rejected",
  REVOKED: "license-revoked",
} as const satisfies Partial<Record<LicenseState_Decision, Mail["template"]>>;

/** Handles the event `license.decided`: mails the decision on a licence to the doctor. */
export const applyLicenseEvents = (app: Auth): EventHandler<Account, Plan> => ({
  lock: (_tx, events) =>
    Promise.all(events.map((event) => findAccount(app.db, stateOf(event, "license").doctorId))),
  decide: (account, event) => {
    const { decision, region } = stateOf(event, "license");
    if (account) assertOwnRow<Account>(account, { role: "DOCTOR" });
    return account && isDecision(decision) ? { account, template: TEMPLATES[decision], region } : undefined;
  },
  write: (tx, plans) => {
    for (const { account, template, region } of plans) queueMail(app, tx, account, { template, region });
    return plans.map(() => []);
  },
});

/** A mail to queue for a doctor. */
interface Plan {
  account: Account;
  template: (typeof TEMPLATES)[keyof typeof TEMPLATES];
  region: string;
}

const isDecision = (decision: string): decision is keyof typeof TEMPLATES =>
  Object.hasOwn(TEMPLATES, decision);
