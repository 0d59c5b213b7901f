import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { send } from "./answer.ts";
import type { GatewayResponse } from "./gateway-response.ts";
import { problemHeaders, problemOf } from "./problem.ts";

/** Time for a refused client to stop sending, in ms. Closing at once would reset the TCP connection and lose the answer. */
const LINGER_MS = 1000;

/**
 * Answers requests that Node's parser refuses before any handler: with a problem and a request id, as all others. The
 * connection ends with the answer, because the parser cannot find the start of the next request.
 */
export class RefusedRequests {
  readonly #count: (address: string) => Promise<void>;
  readonly #log: Logger;
  /** The last response started on each connection. */
  readonly #responses = new WeakMap<Duplex, GatewayResponse>();
  readonly #refused = new WeakSet<Duplex>();

  constructor(server: Server, count: (address: string) => Promise<void>, log: Logger) {
    this.#count = count;
    this.#log = log;
    server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
      this.#refuse(refusalOf(error), socket),
    );
    server.on("connect", (_request: IncomingMessage, socket) =>
      this.#refuse(
        new ApiError("METHOD_NOT_ALLOWED", {
          detail: "This server is not a proxy; send requests to its routes directly.",
        }),
        socket,
      ),
    );
  }

  /** Remembers the response for a refusal of the request's body. */
  begun({ socket }: IncomingMessage, response: GatewayResponse): void {
    this.#responses.set(socket, response);
  }

  #refuse(error: ApiError | undefined, socket: Duplex): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    if (!error || !socket.writable) {
      socket.destroy();
      return;
    }
    const response = this.#responses.get(socket);
    if (response && !response.writableFinished && !response.headersSent && !response.req.complete) {
      // Its route has counted it.
      answerInstead(error, response);
      return;
    }
    const counted = this.#counted(error, socket as Socket);
    if (!response || response.writableFinished)
      void counted.then((answer) => this.#answerRaw(answer, socket));
    else lastOn(socket, response);
  }

  /**
   * Counts a refusal as a call without a token, by the connection's address, because its headers are unknown.
   *
   * @returns the refusal, or RATE_LIMITED if there were too many
   */
  async #counted(error: ApiError, { remoteAddress, bytesRead }: Socket): Promise<ApiError> {
    // Browsers open connections in advance, perhaps without any call.
    if (remoteAddress === undefined || bytesRead === 0) return error;
    return await this.#count(remoteAddress).then(() => error, ApiError.from);
  }

  #answerRaw(error: ApiError, socket: Duplex): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = newId();
    const { httpStatus: status } = error.rule;
    const body = JSON.stringify(problemOf(error, requestId));
    const headers = {
      ...problemHeaders(error, false),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
      "content-length": Buffer.byteLength(body),
      connection: "close",
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"));
    linger(socket);
    this.#log.info({ status, reason: error.reason, requestId }, "request");
  }
}

/** @returns undefined if the connection is broken and cannot carry an answer */
function refusalOf({ code = "" }: NodeJS.ErrnoException): ApiError | undefined {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ApiError("HEADERS_TOO_LARGE");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ApiError("REQUEST_TIMEOUT");
    case "HPE_INVALID_METHOD":
      return new ApiError("MALFORMED_REQUEST", { detail: "The method is unknown." });
    case "HPE_INVALID_URL":
      return new ApiError("MALFORMED_REQUEST", {
        detail: "The request target has a character that must be percent-encoded.",
      });
    default:
      return code.startsWith("HPE_") ? new ApiError("MALFORMED_REQUEST") : undefined;
  }
}

/** Refuses a request with a malformed body in place of its handler, which still waits for the body. */
function answerInstead(error: ApiError, response: GatewayResponse): void {
  const { locals } = response;
  locals.reason = error.reason;
  const headers = { ...problemHeaders(error, false), connection: "close" };
  const body = JSON.stringify(problemOf(error, locals.requestId));
  send(response, { status: error.rule.httpStatus, headers, body });
}

/** Waits for the answer to a complete request, then closes: nothing after it can be parsed. */
function lastOn(socket: Duplex, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.once("close", () => linger(socket.end()));
}

function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer)).once("end", () => socket.destroy());
}
