import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

export type Json = Record<string, unknown>;

export interface Answer {
  status: number;
  headers: Headers;
  /** The body as sent. */
  text: string;
  /** The body as JSON; empty for other types. */
  body: Json;
}

export interface Sent {
  body?: unknown;
  /** Idempotency-Key; `true` generates one. */
  key?: string | true;
  headers?: Record<string, string>;
}

/** HTTP client of the gateway, with or without a token. */
export class Api {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  as(token: string): Api {
    return new Api(this.url, token);
  }

  /** @param call method and path, such as "GET /v1/users/me" */
  async send(call: string, { body, key, headers }: Sent = {}): Promise<Answer> {
    const [method = "", path = ""] = call.split(" ");
    const response = await sendOnce(this.url + path, {
      method,
      headers: {
        // No connection is kept: while a worker compiles for a minute, it does not notice that the server has
        // closed an idle one.
        connection: "close",
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(key !== undefined && { "idempotency-key": key === true ? randomUUID() : key }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(response, text) };
  }

  /** Returns the body. Repeats a call after 503, as every client should; throws for other failures. */
  async ok(call: string, sent: Sent = {}): Promise<Json> {
    const repeatable = sent.key === true ? { ...sent, key: randomUUID() } : sent;
    for (let tries = 1; ; tries++) {
      const { status, headers, text, body } = await this.send(call, repeatable);
      if (status >= 200 && status <= 299) return body;
      if (status !== 503 || tries === TRIES) throw new Error(`${call} got ${status}: ${text}`);
      await delay(Number(headers.get("retry-after") ?? 1) * 1000);
    }
  }
}

const TRIES = 3;
const TIMEOUT_MS = 30_000;

/**
 * Repeats a request that the server did not receive. After a pause between connecting and sending, a worker
 * gets 408 (RFC 9110 §15.5.9) or a closed connection.
 */
async function sendOnce(url: string, init: RequestInit): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (tries === TRIES || response.status !== 408) return response;
    } catch (error) {
      if (tries === TRIES || !wasNeverSent(error)) throw error;
    }
  }
}

/**
 * True if undici's SocketError shows that no byte was sent. A refused connection has no such error, because
 * its server is down.
 */
function wasNeverSent(error: unknown): boolean {
  const { cause } = error as { cause?: { socket?: { bytesWritten?: number } } };
  return cause?.socket?.bytesWritten === 0;
}

function parse(response: Response, text: string): Json {
  return /[/+]json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : {};
}

/** Status and reason of a refusal. */
export const refusal = ({ status, body }: Answer) => ({ status, reason: body.reason });
