import type { GatewayResponse } from "./gateway-response.ts";

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** Sends an answer with its length; to HEAD, Node sends the same headers and no body. */
export function send(response: GatewayResponse, { status, headers, body }: Answer): void {
  const all = [...response.locals.headers];
  for (const name in headers) all.push(name, headers[name]!);
  // Nothing is to be kept, unless a route says otherwise: answers are about people.
  if (headers["cache-control"] === undefined) all.push("cache-control", "no-store");
  if (status !== 204 && status !== 304) all.push("content-length", String(Buffer.byteLength(body)));
  response.writeHead(status, all).end(body);
}
