import { STATUS_CODES } from "node:http";
import { status } from "@grpc/grpc-js";
import { ApiError, type ErrorDetails } from "@medconnect/platform/errors/api-error.ts";
import { catalogue, type Reason, type ReasonRule } from "@medconnect/platform/errors/catalogue.ts";
import { type ProblemOf, problemsOf } from "../http/problem.ts";
import { operationIdOf } from "../openapi/operation.ts";
import { placeOf } from "../openapi/operation-place.ts";
import { reasonsOf } from "../openapi/problem-responses.ts";
import type { Route } from "../rpc/routes.ts";
import { docsPage } from "./docs-page.ts";
import { escaped, withCode } from "./escape-html.ts";

const REQUEST_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
/** Reasons of more operations than this are those of any operation, so the page does not list them. */
const MANY = 25;

/** Examples of the reasons whose problems have members of their own. */
const EXAMPLES: Partial<Record<Reason, ErrorDetails>> = {
  INVALID_REQUEST: {
    violations: [{ field: "phone", description: 'expected E.164 such as +4930123456, not "030 123456"' }],
  },
  RATE_LIMITED: { violatedPolicies: ["write"], retryAfterMs: 12_000 },
};

/** HTML page with a heading for each error reason, to which `type` of a problem leads. */
export function errorsPage(routes: readonly Route[], apiUrl: string): string {
  const problemOf = problemsOf(apiUrl);
  const sections = [...catalogue.values()].map((rule) =>
    section(rule, operationsWith(rule.reason, routes), problemOf),
  );
  return docsPage(
    "Errors",
    `<h1>Errors</h1>
<p>An error is <code>application/problem+json</code> (<a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a>). Over gRPC, it is
<code>google.rpc.Status</code> with the same reason in <code>ErrorInfo</code>. Tell errors apart by <code>reason</code>: it never changes, texts may.</p>
${sections.join("\n")}`,
  );
}

/** Links to the operations that can answer with the reason. */
function operationsWith(reason: Reason, routes: readonly Route[]): string {
  const declaring = routes.filter((route) => reasonsOf(route).includes(reason));
  if (declaring.length > MANY) return "most";
  const links = declaring.map((route) => `<a href="${placeOf(route)}">${operationIdOf(route.method)}</a>`);
  return links.join(", ") || "any path";
}

function section(rule: ReasonRule, operations: string, problemOf: ProblemOf): string {
  const { reason, httpStatus, code, title, cause, cure, metadata } = rule;
  const example = new ApiError(reason, EXAMPLES[reason] ?? { metadata });
  return `<section id="${reason}">
<h2><a href="#${reason}">${reason}</a></h2>
<p>${withCode(title)}</p>
<dl>
<dt>Cause</dt><dd>${withCode(cause)}</dd>
<dt>Cure</dt><dd>${withCode(cure)}</dd>
<dt>HTTP</dt><dd>${httpStatus} ${STATUS_CODES[httpStatus] ?? ""}</dd>
<dt>gRPC</dt><dd>${status[code]}</dd>
<dt>Repeat</dt><dd>${repeatOf(rule)}</dd>
<dt>Operations</dt><dd>${operations}</dd>
</dl>
<pre>${escaped(JSON.stringify(problemOf(example, REQUEST_ID), null, 2))}</pre>
</section>`;
}

/** Tells a client how to repeat a request that got this error. */
function repeatOf({ isKept, httpStatus }: ReasonRule): string {
  if (isKept)
    return "The same Idempotency-Key gets this answer again. Change the request, and send it with a new key.";
  if (httpStatus === 429 || httpStatus === 503) return "Send the same request again after Retry-After.";
  if (httpStatus >= 500) return "Send the same request again, with the same Idempotency-Key.";
  return "Fix the cause, and send the request again; the same Idempotency-Key may be used.";
}
