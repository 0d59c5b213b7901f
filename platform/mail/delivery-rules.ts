const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 15 * 60_000;

/** Consequence of a failed delivery. */
export interface Verdict {
  readonly isDead: boolean;
  /** Pause before the next try. */
  readonly pauseMs: number;
}

/**
 * Exponential backoff from 2 s to 15 minutes until the mail expires, because a mail server may be down for
 * hours. No retry for a recipient that the server refuses permanently.
 *
 * @param tries earlier failures of the mail
 */
export function afterFailure(error: unknown, tries: number): Verdict {
  return {
    isDead: isPermanentRefusal(error),
    pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS),
  };
}

/** Kind of an error, and the server's reply code. Omits the error's text, which names the recipient. */
export function codeOf(error: unknown): string {
  const { code, responseCode } = smtpErrorOf(error);
  const kind = typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
  return [kind, ...(responseCode === undefined ? [] : [responseCode])].join(" ").slice(0, 64);
}

/**
 * True for a permanent negative reply (RFC 5321 §4.2.1) to the recipient. Other permanent replies are
 * configuration errors, after whose correction a retry succeeds.
 */
function isPermanentRefusal(error: unknown): boolean {
  const { code, command, responseCode = 0 } = smtpErrorOf(error);
  return code === "EENVELOPE" && command === "RCPT TO" && responseCode >= 500;
}

/** SMTP details of a nodemailer error. */
const smtpErrorOf = (error: unknown): { code?: unknown; command?: unknown; responseCode?: number } =>
  typeof error === "object" && error !== null ? error : {};
