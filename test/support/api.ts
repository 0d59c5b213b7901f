import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { MedConnect, MedConnectError, type Rpc } from "@medconnect/client";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
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

/**
 * A caller of the gateway. Without an access token, its calls are anonymous. `client` sends calls as clients do,
 * and `send` sends single requests, for tests of HTTP and of refusals.
 */
export class Api {
  readonly url: string;
  readonly token: string | undefined;
  readonly client: MedConnect;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
    this.client = new MedConnect({
      baseUrl: url,
      credentials: { accessToken: async () => token, renew: async () => undefined },
      fetch: (target, init) => this.#fetchPatiently(target, init),
      timeoutMs: TIMEOUT_MS,
    });
  }

  as(token: string): Api {
    return new Api(this.url, token);
  }

  /** Sends a request once. @param call method and path, such as "GET /v1/users/me" */
  async send(call: string, { body, key, headers }: Sent = {}): Promise<Answer> {
    const [method = "", path = ""] = call.split(" ");
    const isForm = body instanceof URLSearchParams;
    const response = await this.#fetch(this.url + path, {
      method,
      headers: {
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(key !== undefined && { "idempotency-key": key === true ? randomUUID() : key }),
        ...(body !== undefined && { "content-type": isForm ? FORM : "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? String(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(response, text) };
  }

  /**
   * Sends a call by its method and path with the client, for paths that a test computes. Returns the body of the
   * answer. Throws MedConnectError if the call is refused.
   */
  async ok(call: string, { body, key, headers }: Sent = {}): Promise<Json> {
    const rpc: Rpc<Json, Json | undefined> = {
      route: call,
      ...(body !== undefined && { body: "*" }),
      ...(body instanceof URLSearchParams && { encoding: "form" }),
      takesKey: key !== undefined,
    };
    const idempotencyKey = key === true ? undefined : key;
    const request = body instanceof URLSearchParams ? Object.fromEntries(body) : ((body ?? {}) as Json);
    return (await this.client.call(rpc, request, { idempotencyKey, headers })) ?? {};
  }

  /**
   * Repeats a request after status 503, also one that changes something: on a busy machine, a connection
   * between services may break, and no test counts how often such a call took effect.
   */
  async #fetchPatiently(url: string, init: RequestInit): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const response = await this.#fetch(url, init);
      if (response.status !== 503 || tries === TRIES) return response;
      await delay(Number(response.headers.get("retry-after") ?? 1) * 1000);
    }
  }

  /** Sends a request, and compares the answer with the OpenAPI document. */
  async #fetch(url: string, init: RequestInit): Promise<Response> {
    // Does not reuse connections. A worker may compile for a minute, and would then not notice that the server
    // has closed an idle connection.
    const headers = { connection: "close", ...init.headers };
    const response = await sendOnce(url, { ...init, headers });
    await this.#checkAnswer(`${init.method} ${url.slice(this.url.length)}`, response.clone());
    return response;
  }

  /**
   * In `npm test`, throws if a JSON answer of the API is not what the OpenAPI document says. Other suites
   * measure a system under load, which the check would slow down.
   */
  async #checkAnswer(call: string, response: Response): Promise<void> {
    const [method = "", path = ""] = call.split(" ");
    if (!process.env.STACK_JSON || path.startsWith("/openapi.json")) return;
    const text = await response.text();
    if (!text.startsWith("{")) return;
    schemas ??= await fetchSchemas(this.url);
    const body = parse(response, text);
    const difference = schemas?.check(method, path, response.status, body);
    const undeclared = undeclaredMetadata(body);
    if (undeclared.length > 0)
      throw new Error(`${call}: the catalogue has no metadata ${undeclared} for ${body.reason}`);
    if (difference)
      throw new Error(`${call} got ${response.status}, which the OpenAPI document refuses: ${difference}`);
  }
}

/** Keys of a problem's metadata that the catalogue does not declare for its reason. */
function undeclaredMetadata({ reason, metadata = {} }: Json): string[] {
  const declared = catalogue.get(String(reason))?.metadata ?? {};
  return Object.keys(metadata as Json).filter((key) => !(key in declared));
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
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
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

/** Status and reason of the refusal of a call of the client. Throws if the call was not refused. */
export async function refused(call: PromiseLike<unknown>): Promise<{ status: number; reason: unknown }> {
  const error = await call.then(
    () => new Error("The call was not refused."),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MedConnectError)) throw error;
  return { status: error.status, reason: error.reason };
}
