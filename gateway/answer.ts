import type { ServerResponse } from "node:http";
import type { Answer } from "./transcoding/response.ts";

/** Sends an answer with its length; to HEAD, Node sends the same headers and no body. */
export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (status === 204 || status === 304) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
}
