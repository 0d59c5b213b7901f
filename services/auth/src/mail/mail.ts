/** A mail that the platform sends: its template, and what fills it. */
export type Mail =
  /** With the token of the link, as it goes out. */
  | { readonly template: "verify-email" | "reset-password"; readonly token: string }
  /** With the licence's region, "" without a code. */
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
