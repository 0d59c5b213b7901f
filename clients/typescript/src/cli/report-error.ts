import { ConnectionError, MedConnectError, type Violation } from "../errors.ts";
import type { Reason } from "../gen/types.ts";
import { written } from "./parse-arguments.ts";
import type { CommandField } from "./rpc-command.ts";
import { UsageError } from "./usage-error.ts";

/** The next step after errors that another command mends. */
const NEXT_STEPS: Partial<Record<Reason, string>> = {
  UNAUTHENTICATED: "Sign in: medconnect login",
  INVALID_REFRESH_TOKEN: "Your session has ended. Sign in again: medconnect login",
  REAUTHENTICATION_REQUIRED: "Sign in again: medconnect login",
  MFA_ENROLLMENT_REQUIRED: "Set it up: medconnect set-up-totp, then medconnect activate-totp --code CODE",
  RATE_LIMITED: "Try again when that time has passed.",
};

/** The text for the user about an error. @param fields those of the command */
export function reportError(error: unknown, command = "", fields: readonly CommandField[] = []): string {
  if (error instanceof UsageError)
    return `${error.message}\nSee medconnect ${command}${command && " "}--help.`;
  if (error instanceof ConnectionError) {
    return `No answer from ${error.message}\nIs the system running, and its address right? npm start runs one here; --server takes another.`;
  }
  if (!(error instanceof MedConnectError))
    return String(error instanceof Error ? (error.stack ?? error) : error);
  const { message, violations, reason, retryAfterMs, type, requestId } = error;
  const lines = [
    message,
    ...violations.map((violation) => violationLine(violation, fields)),
    retryAfterMs !== undefined && `Possible again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    reason && NEXT_STEPS[reason],
    [type && `More: ${type}`, requestId && `Request id: ${requestId}`].filter(Boolean).join("  "),
  ];
  return lines.filter(Boolean).join("\n");
}

/** A violation, with the field as it is written on the command line. */
function violationLine({ field, description }: Violation, fields: readonly CommandField[]): string {
  const [name = ""] = field.split(/[.[]/, 1);
  const found = fields.find((each) => each.name === name && !each.isSecret);
  return `  ${found ? written(found) + field.slice(name.length) : field} ${description}`;
}
