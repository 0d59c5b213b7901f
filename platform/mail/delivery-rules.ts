const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 15 * 60_000;

/** What follows from a try that failed. */
export interface Verdict {
  readonly isDead: boolean;
  /** How long to wait before the next try. */
  readonly pauseMs: number;
}

/**
 * Two seconds, doubling to a quarter of an hour, until the mail says nothing of use any more: a mail server may be away for
 * hours. Only a recipient that it refuses for good is not tried again, but left for people.
 *
 * @param tries how often the mail had failed before
 */
export function afterFailure(error: unknown, tries: number): Verdict {
  return {
    isDead: isRefusedForGood(error),
    pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS),
  };
}

/** An error's kind and the server's reply code. Its text is not for keeping: it names the recipient. */
export function codeOf(error: unknown): string {
  const { code, responseCode } = smtpErrorOf(error);
  const kind = typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
  return [kind, ...(responseCode === undefined ? [] : [responseCode])].join(" ").slice(0, 64);
}

/** A permanent negative reply (RFC 5321 §4.2.1) to the recipient; to anything else it is a mistake of ours or theirs. */
function isRefusedForGood(error: unknown): boolean {
  const { code, command, responseCode = 0 } = smtpErrorOf(error);
  return code === "EENVELOPE" && command === "RCPT TO" && responseCode >= 500;
}

/** What nodemailer says of an SMTP error. */
const smtpErrorOf = (error: unknown): { code?: unknown; command?: unknown; responseCode?: number } =>
  typeof error === "object" && error !== null ? error : {};
