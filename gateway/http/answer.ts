import type { GatewayResponse } from "./gateway-response.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** Sends an answer with a Content-Length. Node leaves out the body of an answer to HEAD. */
export function send(response: GatewayResponse, { status, headers, body }: Answer): void {
  const all = [...response.locals.headers];
  for (const [name, value] of Object.entries(headers)) all.push(name, value);
  // Answers may hold personal data, so caches must not store them. A route that sets `cache-control` is an
  // exception.
  if (headers["cache-control"] === undefined) all.push("cache-control", "no-store");
  if (status !== 204 && status !== 304) all.push("content-length", String(Buffer.byteLength(body)));
  response.writeHead(status, all).end(body);
}
