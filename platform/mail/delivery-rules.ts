const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 15 * 60_000;

/** Consequence of a failed delivery. */
export interface Verdict {
  readonly isDead: boolean;
  /** Pause before the next try. */
  readonly pauseMs: number;
}

/**
 * Retries after 2 s, then after twice the last pause up to 15 minutes, until the mail expires: a mail server may be away for
 * hours. A recipient that the server refuses for good is not retried.
 *
 * @param tries earlier failures of the mail
 */
export function afterFailure(error: unknown, tries: number): Verdict {
  return {
    isDead: isRefusedForGood(error),
    pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS),
  };
}

/** An error's kind and the server's reply code. The error's text is left out, because it names the recipient. */
export function codeOf(error: unknown): string {
  const { code, responseCode } = smtpErrorOf(error);
  const kind = typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
  return [kind, ...(responseCode === undefined ? [] : [responseCode])].join(" ").slice(0, 64);
}

/** A permanent negative reply (RFC 5321 §4.2.1) to the recipient. Other permanent replies are configuration errors, so retries help. */
function isRefusedForGood(error: unknown): boolean {
  const { code, command, responseCode = 0 } = smtpErrorOf(error);
  return code === "EENVELOPE" && command === "RCPT TO" && responseCode >= 500;
}

/** SMTP details of a nodemailer error. */
const smtpErrorOf = (error: unknown): { code?: unknown; command?: unknown; responseCode?: number } =>
  typeof error === "object" && error !== null ? error : {};
