const FIRST_PAUSE_MS = 2000;
const MAX_PAUSE_MS = 15 * 60_000;

/** Decision after a failed delivery. */
export interface Verdict {
  readonly isDead: boolean;
  /** Time in ms until the next attempt; 0 if there is none. */
  readonly pauseMs: number;
}

/**
 * Decides whether and when to send a mail again. The pause between attempts grows from 2 s to 15 minutes,
 * because a mail server may be down for hours. There is no further attempt if the server refuses the
 * recipient permanently.
 *
 * @param tries number of earlier failures of the mail
 */
export function afterFailure(error: unknown, tries: number): Verdict {
  if (isPermanentRefusal(error)) return { isDead: true, pauseMs: 0 };
  return { isDead: false, pauseMs: Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS) };
}

/**
 * Code for the log: the kind of an error, and the reply code of the mail server. The text of the error is
 * omitted, because it names the recipient.
 */
export function codeOf(error: unknown): string {
  const { code, responseCode } = smtpErrorOf(error);
  const kind = typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
  return [kind, ...(responseCode === undefined ? [] : [responseCode])].join(" ").slice(0, 64);
}

/**
 * True if the server refuses the recipient permanently (RFC 5321 §4.2.1). Other permanent refusals are due to
 * a wrong configuration. Once the configuration is corrected, a later attempt succeeds.
 */
function isPermanentRefusal(error: unknown): boolean {
  const { code, command, responseCode = 0 } = smtpErrorOf(error);
  return code === "EENVELOPE" && command === "RCPT TO" && responseCode >= 500;
}

/** The fields that nodemailer adds to its errors. */
const smtpErrorOf = (error: unknown): { code?: unknown; command?: unknown; responseCode?: number } =>
  typeof error === "object" && error !== null ? error : {};
