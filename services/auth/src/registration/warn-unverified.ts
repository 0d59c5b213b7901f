import type { Logger } from "@medconnect/platform/telemetry/log.ts";

export interface VerificationSettings {
  NODE_ENV?: string | undefined;
  EMAIL_VERIFICATION: "off" | "required";
}

/** Warns of a production without verified e-mails, which may be intended where staff make the accounts. */
export function warnUnverified(
  { NODE_ENV, EMAIL_VERIFICATION }: VerificationSettings,
  log: Pick<Logger, "warn">,
): void {
  if (NODE_ENV !== "production" || EMAIL_VERIFICATION === "required") return;
  log.warn(
    "EMAIL_VERIFICATION is off: anybody can register with another person's e-mail, and see whether an e-mail is known",
  );
}
