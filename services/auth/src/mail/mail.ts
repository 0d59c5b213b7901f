import type { Access } from "@medconnect/platform/audit/recorder.ts";

/** A mail: its template and the values that fill it. */
export type Mail =
  /** `token`: the link's token in plain text. */
  | { readonly template: "verify-email" | "reset-password"; readonly token: string }
  /** `region`: ISO 3166 code of the licence's region, "" if the licence has none. */
  | {
      readonly template: "license-verified" | "license-rejected" | "license-revoked";
      readonly region: string;
    }
  | {
      readonly template:
        | "already-registered"
        | "password-changed"
        | "mfa-activated"
        | "mfa-disabled"
        | "mfa-reset"
        | "new-recovery-codes";
    };

export type Template = Mail["template"];

/** Resource and subject of an access to a queued mail, for the audit trail. */
export const accessTo = ({ id, userId }: { id: string; userId: string }): Access => ({
  resource: `mails/${id}`,
  subjectIds: [userId],
});
