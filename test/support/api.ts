import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { AnswerSchemas } from "./answer-schemas.ts";

export type Json = Record<string, unknown>;

export interface Answer {
  status: number;
  headers: Headers;
  /** The response's body as text. */
  text: string;
  /** The response's body, parsed as JSON. `{}` if the body is not JSON. */
  body: Json;
}

export interface Sent {
  /** Sent as JSON, except parameters, which are sent as a form. */
  body?: unknown;
  /** Idempotency-Key header; `true` generates one. */
  key?: string | true;
  headers?: Record<string, string>;
}

const FORM = "application/x-www-form-urlencoded";

/** HTTP client of the gateway. Without an access token, its calls are anonymous. */
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

  /** Sends a request. @param call method and path, such as "GET /v1/users/me" */
  async send(call: string, { body, key, headers }: Sent = {}): Promise<Answer> {
    const [method = "", path = ""] = call.split(" ");
    const isForm = body instanceof URLSearchParams;
    const response = await sendOnce(this.url + path, {
      method,
      headers: {
        // Does not reuse connections. A worker may compile for a minute, and would then not notice that the
        // server has closed an idle connection.
        connection: "close",
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(key !== undefined && { "idempotency-key": key === true ? randomUUID() : key }),
        ...(body !== undefined && { "content-type": isForm ? FORM : "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? String(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text, body: parse(response, text) };
    await this.#checkAnswer(call, answer);
    return answer;
  }

  /**
   * In `npm test`, throws if a JSON answer of the API is not what the OpenAPI document says. Other suites
   * measure a system under load, which the check would slow down.
   */
  async #checkAnswer(call: string, { status, text, body }: Answer): Promise<void> {
    const [method = "", path = ""] = call.split(" ");
    if (!process.env.STACK_JSON || path.startsWith("/openapi.json") || !text.startsWith("{")) return;
    schemas ??= await fetchSchemas(this.url);
    const difference = schemas?.check(method, path, status, body);
    if (difference)
      throw new Error(`${call} got ${status}, which the OpenAPI document refuses: ${difference}`);
  }

  /**
   * Sends a request, and returns the response's body. After status 503, repeats the request, as every client
   * should. Throws for other errors.
   */
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

let schemas: AnswerSchemas | undefined;

/** Reads the document. Returns undefined if a test has just stopped the gateway. */
async function fetchSchemas(url: string): Promise<AnswerSchemas | undefined> {
  const response = await sendOnce(`${url}/openapi.json`, {}).catch(() => undefined);
  if (!response) return undefined;
  if (!response.ok) throw new Error(`/openapi.json got ${response.status}`);
  return new AnswerSchemas((await response.json()) as Json);
}

const TRIES = 3;
const TIMEOUT_MS = 30_000;

/**
 * Sends a request. Repeats it if the server has not received it: if a busy worker pauses between connecting
 * and sending, the server answers 408 (RFC 9110 §15.5.9) or closes the connection.
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
 * True if undici's SocketError shows that no byte was sent on an open connection. False for a refused
 * connection, because the server is then down.
 */
function wasNeverSent(error: unknown): boolean {
  const { cause } = error as { cause?: { socket?: { bytesWritten?: number } } };
  return cause?.socket?.bytesWritten === 0;
}

function parse(response: Response, text: string): Json {
  return /[/+]json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : {};
}

/** Status and reason of an error response. */
export const refusal = ({ status, body }: Answer) => ({ status, reason: reasonOf(body) });

/** Reason of an error response. At OAuth endpoints, the link in `error_uri` ends with it. */
export const reasonOf = ({ reason, error_uri: link }: Json): unknown => reason ?? String(link).split("#")[1];
