import type { GatewayResponse } from "./exchange.ts";
import type { Answer } from "./transcoding/response.ts";

/** Sends an answer with its length; to HEAD, Node sends the same headers and no body. */
export function send(response: GatewayResponse, { status, headers, body }: Answer): void {
  const all = [...response.locals.headers];
  for (const name in headers) all.push(name, headers[name]!);
  // Nothing is to be kept, unless a route says otherwise: answers are about people.
  if (headers["cache-control"] === undefined) all.push("cache-control", "no-store");
  if (status !== 204 && status !== 304) all.push("content-length", String(Buffer.byteLength(body)));
  response.writeHead(status, all).end(body);
}
