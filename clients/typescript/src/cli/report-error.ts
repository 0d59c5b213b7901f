import { ConnectionError, MedConnectError, type Violation } from "../errors.ts";
import type { Command } from "./command.ts";
import { ERROR_TEXTS } from "./error-texts.ts";
import { written } from "./parse-arguments.ts";
import { errorsPage } from "./server-url.ts";
import { inTerms, optionFor, type Terms } from "./terms.ts";
import { UsageError } from "./usage-error.ts";

/** The command line that failed, as far as it was understood. */
export interface Failed {
  command?: Command;
  /** URL of the API. */
  server?: string;
}

/** The lines for the user about an error. */
export function reportError(error: unknown, { command, server }: Failed = {}): string[] {
  if (error instanceof UsageError)
    return [error.message, `See medconnect ${command ? `${command.name} ` : ""}--help.`];
  if (error instanceof ConnectionError) {
    return linesOf(
      `No answer from ${error.message}`,
      "Is the system running, and its address right? npm start runs one here; --server takes another.",
      howToRepeat(error),
    );
  }
  if (!(error instanceof MedConnectError))
    return String(error instanceof Error ? (error.stack ?? error) : error).split("\n");
  const { reason, violations, retryAfterMs, requestId, traceUrl, metadata, status } = error;
  const terms = { fields: command?.fields ?? [], metadata };
  return linesOf(
    headingOf(error, terms),
    ...violations.map((violation) => violationLine(violation, terms)),
    retryAfterMs !== undefined && `Possible again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    status >= 500 && howToRepeat(error),
    // Not the problem's type, which for some reasons is one of all APIs (RFC 9457 §4.2).
    [server && reason && `More: ${errorsPage(server)}#${reason}`, requestId && `Request id: ${requestId}`]
      .filter(Boolean)
      .join("  "),
    traceUrl && `Trace: ${traceUrl}`,
  );
}

const linesOf = (...lines: (string | false | undefined)[]): string[] =>
  lines.filter((line): line is string => typeof line === "string" && line !== "");

/** How to repeat a call that may have taken effect; undefined if it had no key. */
const howToRepeat = ({ idempotencyKey }: { idempotencyKey: string | undefined }): string | undefined =>
  idempotencyKey && `To repeat it, add --idempotency-key ${idempotencyKey}: both attempts take effect once.`;

function headingOf({ reason, message, violations }: MedConnectError, terms: Terms): string {
  const own = reason && ERROR_TEXTS[reason];
  if (own) return `${reason}: ${own}`;
  // The detail of an invalid request repeats its first violation, with the name in JSON.
  if (reason === "INVALID_REQUEST" && violations.length > 0) return reason;
  return inTerms(message, terms);
}

/** A violation, with the field as it is written on the command line. */
function violationLine({ field, description }: Violation, terms: Terms): string {
  const [name = ""] = field.split(/[.[]/, 1);
  const found = terms.fields.find((each) => each.name === name && !each.isSecret);
  const place = found ? written(found) + field.slice(name.length) : (optionFor(name) ?? field);
  return `  ${place} ${inTerms(description, terms)}`;
}
