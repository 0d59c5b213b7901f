import { expect, test } from "@jest/globals";
import { catalogue, type Reason, type ReasonRule } from "@medconnect/platform/errors/catalogue.ts";
import { ConnectionError, MedConnectError } from "../errors.ts";
import { commandNamed, commands } from "./commands.ts";
import { commandHelp } from "./help.ts";
import { reportError } from "./report-error.ts";
import { inTerms } from "./terms.ts";

/** Words of HTTP, and names of the contract. The command line has flags, arguments and commands. */
const FOREIGN =
  /\b(HTTP|headers?|(?<!licensing )body|query parameters?|path|Retry-After|Idempotency-Key|ETag|Content-Type)\b|with [45]\d\d|`[a-z]*:[a-zA-Z]+`/;

/** Reasons of requests that the client does not send. */
const NEVER: Reason[] = [
  "MALFORMED_JSON",
  "UNSUPPORTED_MEDIA_TYPE",
  "MALFORMED_REQUEST",
  "HEADERS_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "EXPECTATION_FAILED",
  "IDEMPOTENCY_KEY_REQUIRED",
];
/** A payment provider sends webhooks over HTTP. */
const WEBHOOK_REASON: Reason = "INVALID_SIGNATURE";
const WEBHOOK_COMMAND = "receive-webhook";

const refusal = ({ reason, title, cure, httpStatus: status }: ReasonRule, problem: object = {}) => {
  const body = JSON.stringify({ reason, detail: `${title} ${cure}`, ...problem });
  return new MedConnectError(new Response(body, { status }), body, "k1");
};

test.each(commands.map(({ name }) => name).filter((name) => name !== WEBHOOK_COMMAND))(
  "the help of %s speaks of flags and commands",
  (name) => expect(commandHelp(commandNamed(name))).not.toMatch(FOREIGN),
);

test.each([...catalogue.values()].filter(({ reason }) => ![...NEVER, WEBHOOK_REASON].includes(reason)))(
  "the text of $reason speaks of flags and commands",
  (rule) => {
    const command = commandNamed("mark-consultation-no-show");
    expect(reportError(refusal(rule), { command }).join("\n")).not.toMatch(FOREIGN);
  },
);

test.each([
  ["create-booking", "Send `slotId` and `unknown`.", "Send --slot-id and `unknown`."],
  ["get-booking", "Take `bookingId`.", "Take BOOKING_ID."],
  ["login", "`setUpTotp`, then `activateTotp`.", "medconnect set-up-totp, then medconnect activate-totp."],
  ["verify-mfa", "`mfaToken` of `login`", "mfaToken of medconnect login"],
  ["get-booking", "A new `Idempotency-Key`", "A new --idempotency-key"],
  ["get-booking", "At most `metadata.limit`", "At most limit (3)"],
])("for %s, %j becomes %j", (name, text, expected) => {
  expect(inTerms(text, { fields: commandNamed(name).fields, metadata: { limit: "3" } })).toBe(expected);
});

test("a call that may have taken effect shows the key to repeat it with", () => {
  const repeat = "To repeat it, add --idempotency-key k1: both attempts take effect once.";
  expect(reportError(new ConnectionError("http://localhost", undefined, "k1"))).toContain(repeat);
  expect(reportError(refusal(catalogue.get("DEADLINE_EXCEEDED")!))).toContain(repeat);
  expect(reportError(refusal(catalogue.get("SLOT_UNAVAILABLE")!))).not.toContain(repeat);
});
