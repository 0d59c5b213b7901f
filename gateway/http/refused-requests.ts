import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { send } from "./answer.ts";
import type { ErrorAnswerOf } from "./error-answer.ts";
import type { GatewayResponse } from "./gateway-response.ts";

/**
 * Time in ms that a refused client has to stop sending. If the gateway closed the connection at once, TCP
 * would reset the connection, and the client might not get the answer.
 */
const LINGER_MS = 1000;

/**
 * Answers requests that Node's HTTP parser refuses, with a problem document and a request id like all other
 * answers. Then closes the connection, because the parser cannot find the start of the next request.
 */
export class RefusedRequests {
  readonly #count: (address: string) => Promise<void>;
  readonly #log: Logger;
  readonly #answerOf: ErrorAnswerOf;
  /** Response to the latest request of each connection. */
  readonly #responses = new WeakMap<Duplex, GatewayResponse>();
  readonly #refused = new WeakSet<Duplex>();

  constructor(
    server: Server,
    options: { count: (address: string) => Promise<void>; log: Logger; errorAnswerOf: ErrorAnswerOf },
  ) {
    this.#count = options.count;
    this.#log = options.log;
    this.#answerOf = options.errorAnswerOf;
    server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
      this.#refuse(refusalOf(error), socket),
    );
    server.on("connect", (_request: IncomingMessage, socket) =>
      this.#refuse(
        new ApiError("METHOD_NOT_ALLOWED", {
          detail:
            "CONNECT is not supported, because this server is no proxy. Send requests to its routes directly.",
        }),
        socket,
      ),
    );
  }

  /** Remembers the response of a request, in case the parser later refuses the body of that request. */
  track({ socket }: IncomingMessage, response: GatewayResponse): void {
    this.#responses.set(socket, response);
  }

  #refuse(error: ApiError | undefined, socket: Duplex): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    // Browsers open spare connections, and may send nothing on them.
    const isSpare = (socket as Socket).bytesRead === 0;
    if (!error || isSpare || !socket.writable) {
      socket.destroy();
      return;
    }
    const response = this.#responses.get(socket);
    if (response && !response.writableFinished && !response.headersSent && !response.req.complete) {
      // The handler has already counted this request.
      this.#answerInstead(error, response);
      return;
    }
    const counted = this.#counted(error, socket as Socket);
    if (!response || response.writableFinished)
      void counted.then((answer) => this.#answerRaw(answer, socket));
    else closeAfter(socket, response);
  }

  /**
   * Counts a refused request as a call without a token. The headers of the request are unknown, so it is
   * counted for the address of the peer, even if the peer is a proxy.
   *
   * @returns the error to answer: the given one, or RATE_LIMITED if the address is over its limit
   */
  async #counted(error: ApiError, { remoteAddress }: Socket): Promise<ApiError> {
    if (remoteAddress === undefined) return error;
    return await this.#count(remoteAddress).then(() => error, ApiError.from);
  }

  /**
   * Answers a request whose body the parser refused. The handler of the request cannot answer, because the
   * handler still waits for the body.
   */
  #answerInstead(error: ApiError, response: GatewayResponse): void {
    const { locals } = response;
    locals.reason = error.reason;
    const { requestId, traceId, isOAuth = false } = locals;
    const answer = this.#answerOf(error, { requestId, traceId, sentAuthorization: false, isOAuth });
    send(response, { ...answer, headers: { ...answer.headers, connection: "close" } });
  }

  #answerRaw(error: ApiError, socket: Duplex): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const requestId = newId();
    const answer = this.#answerOf(error, { requestId, sentAuthorization: false, isOAuth: false });
    const { status, body } = answer;
    const headers = {
      ...answer.headers,
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

/** Error of Node's HTTP parser. */
interface ParserError extends NodeJS.ErrnoException {
  /** Bytes that the parser refused. */
  readonly rawPacket?: Buffer;
}

/** First byte of a TLS record with a handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 22;

/** @returns the error to answer; undefined if the connection is broken, so that no answer can be sent */
function refusalOf({ code = "", rawPacket }: ParserError): ApiError | undefined {
  if (rawPacket?.[0] === TLS_HANDSHAKE) {
    return new ApiError("MALFORMED_REQUEST", {
      detail: "This port takes plain HTTP, but TLS was sent. Use http:// instead of https://.",
    });
  }
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new ApiError("HEADERS_TOO_LARGE");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new ApiError("REQUEST_TIMEOUT");
    case "HPE_INVALID_METHOD":
      return new ApiError("MALFORMED_REQUEST", {
        detail: "The HTTP method is unknown. Methods are written in upper case, such as GET.",
      });
    case "HPE_INVALID_URL":
      return new ApiError("MALFORMED_REQUEST", {
        detail: "The path or query has a character that is not allowed there. Percent-encode it.",
      });
    default:
      return code.startsWith("HPE_") ? new ApiError("MALFORMED_REQUEST") : undefined;
  }
}

/**
 * Closes the connection once the answer to an earlier, complete request is sent. Nothing after that request
 * can be parsed.
 */
function closeAfter(socket: Duplex, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.once("close", () => linger(socket.end()));
}

function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer)).once("end", () => socket.destroy());
}
