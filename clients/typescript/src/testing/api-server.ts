import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request that the server has received. */
export interface Received {
  call: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Answers a request. @param count number of requests before it */
export type Answer = (request: Received, response: ServerResponse, count: number) => unknown;

/** An HTTP server in the place of the API. */
export interface ApiServer {
  url: string;
  received: Received[];
  /** Answers the following requests. */
  answer: Answer;
  close(): Promise<void>;
}

export async function startApiServer(): Promise<ApiServer> {
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => "");
    const received = { call: `${request.method} ${request.url}`, headers: request.headers, body };
    api.received.push(received);
    await api.answer(received, response, api.received.length - 1);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const api: ApiServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: (_request, response) => sendJson(response, 200, {}),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

/** Answers with a problem document. */
export function refuse(
  response: ServerResponse,
  status: number,
  problem: { reason: string; code: string; detail?: string; errors?: object[]; traceUrl?: string },
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, { detail: problem.reason, requestId: "r1", ...problem }, headers);
}
