import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { LicenseState_Decision } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import type { Mail } from "../mail/mail.ts";
import { queueMail } from "../mail/queue-mail.ts";

const TEMPLATES = {
  VERIFIED: "license-verified",
  REJECTED: "license-rejected",
  REVOKED: "license-revoked",
} as const satisfies Partial<Record<LicenseState_Decision, Mail["template"]>>;

/** license.decided: the doctor gets a mail. */
export const applyLicenseEvents =
  (app: Auth): EventHandler =>
  async (tx, events) => {
    for (const { license } of events) {
      const { doctorId, decision, region } = license!;
      const account = await findAccount(app.db, doctorId);
      if (!account || !isDecision(decision)) continue;
      queueMail(app, tx, account, { template: TEMPLATES[decision], region });
    }
    return [];
  };

const isDecision = (decision: string): decision is keyof typeof TEMPLATES =>
  Object.hasOwn(TEMPLATES, decision);
