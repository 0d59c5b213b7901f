import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Headers for which a proxy and the gateway might each read a different copy. */
const SINGLE = ["host", "authorization", "content-type", "idempotency-key"];

/** `uri-host [":" port]` (RFC 9110 §7.2); empty is refused, as an http URI has a host (§4.2.1). */
const HOST = /^(?:\[[0-9a-f:.]+\]|(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})+)(?::\d*)?$/i;

/** Refuses requests that Node's parser accepts but RFC 9112 forbids. Throws MALFORMED_REQUEST, EXPECTATION_FAILED. */
export function assertSyntax(request: IncomingMessage, _response: ServerResponse, next: () => void): void {
  const { headers, headersDistinct, httpVersion, url = "" } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") throw malformed("Speak HTTP/1.1.");
  const twice = SINGLE.find((name) => (headersDistinct[name]?.length ?? 0) > 1);
  if (twice !== undefined) throw malformed(`The header ${twice} appears more than once.`);
  const { host, expect, "transfer-encoding": encoding } = headers;
  if (host === undefined && httpVersion === "1.1") throw malformed("The header Host is missing.");
  if (host !== undefined && !HOST.test(host)) throw malformed("The header Host is not a host and port.");
  if (url.includes("#")) throw malformed("The request target has a fragment.");
  if (encoding !== undefined && encoding.toLowerCase() !== "chunked") {
    throw malformed("The only supported transfer coding is chunked.");
  }
  if (expect !== undefined && expect.toLowerCase() !== "100-continue")
    throw new ApiError("EXPECTATION_FAILED");
  next();
}

const malformed = (detail: string) => new ApiError("MALFORMED_REQUEST", { detail });
