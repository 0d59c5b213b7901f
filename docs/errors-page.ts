import { status } from "@grpc/grpc-js";
import { Reason } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import { methods } from "../platform/contract/methods.ts";
import { catalogue, type ReasonRule } from "../platform/errors/catalogue.ts";

/** Returns the content of docs/errors.md: each error reason, its status, and the methods that declare it. */
export function errorsPage(): string {
  return [
    "# Errors",
    "",
    "Made from `proto/medconnect/options/v1/reason.proto` by `npm run docs:errors`; do not edit.",
    "",
    "An error is `application/problem+json` (RFC 9457) over HTTP and `google.rpc.Status` with `ErrorInfo` (domain `medconnect`)",
    "over gRPC. Switch on `reason`: it is stable, texts are not. `detail` is for people: it names the mistake, the value and the remedy.",
    "`errors` (over gRPC: `BadRequest`) lists every invalid field.",
    "",
    "Kept: the same `Idempotency-Key` gets this refusal again for as long as the key is kept. After any other error, send the",
    "same key again: the request is then decided again.",
    "",
    "| Reason | HTTP | gRPC | Kept | Meaning | Cause | Cure | Declared by |",
    "|---|---|---|---|---|---|---|---|",
    ...[...catalogue.values()].map(row),
    "",
  ].join("\n");
}

function row({ reason, httpStatus, code, isKept, title, cause, cure }: ReasonRule): string {
  return `| \`${reason}\` | ${httpStatus} | ${status[code]} | ${isKept ? "yes" : ""} | ${title} | ${cause} | ${cure} | ${declaredBy(reason)} |`;
}

function declaredBy(reason: ReasonRule["reason"]): string {
  const declaring = [...methods.values()].filter(
    ({ rules }) =>
      rules.errors.includes(Reason[reason]) || (rules.freshSignIn && reason === "REAUTHENTICATION_REQUIRED"),
  );
  return [...new Set(declaring.map(({ name }) => name))].join(", ");
}
