import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/**
 * Headers that a request may have only once. If a header came twice, a proxy might use its first value and
 * the gateway its second.
 */
const UNIQUE = ["host", "authorization", "content-type", "idempotency-key"];

/**
 * Syntax of Host: `uri-host [":" port]` (RFC 9110 §7.2). An empty host is refused, because an http URI must
 * have one (§4.2.1).
 */
const HOST = /^(?:\[[0-9a-f:.]+\]|(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::\d*)?$/i;

/**
 * Checks rules of RFC 9112 that Node's parser does not enforce. Returns MALFORMED_REQUEST or
 * EXPECTATION_FAILED; undefined for a valid request.
 */
export function syntaxErrorOf(request: IncomingMessage): ApiError | undefined {
  const { headers, headersDistinct, httpVersion, url = "" } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0")
    return malformed(`HTTP/${httpVersion} is not supported. Use HTTP/1.1.`);
  const twice = UNIQUE.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (twice !== undefined) return malformed(`The header ${twice} appears more than once. Send it once.`);
  const { host, expect, "transfer-encoding": coding } = headers;
  if (host === undefined && httpVersion === "1.1")
    return malformed("The header Host is missing. HTTP/1.1 requires it.");
  if (host !== undefined && !HOST.test(host))
    return malformed('The header Host is not a host with an optional port, such as "api.example.org:443".');
  if (url.includes("#")) return malformed("The request target has a fragment. Send the path and query only.");
  if (coding !== undefined && coding.toLowerCase() !== "chunked") {
    return malformed(
      "The only supported Transfer-Encoding is chunked. Send the body with it, or with Content-Length.",
    );
  }
  if (expect !== undefined && expect.toLowerCase() !== "100-continue")
    return new ApiError("EXPECTATION_FAILED");
  return undefined;
}

const malformed = (detail: string) => new ApiError("MALFORMED_REQUEST", { detail });
