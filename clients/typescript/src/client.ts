import { type Answered, Call, type Lines, Pages } from "./call.ts";
import { type Caller, type Credentials, issuedTokens, type SignInAnswer } from "./credentials.ts";
import { httpRequestOf, optionHeaders } from "./http-request.ts";
import { readLines } from "./lines.ts";
import { randomKey } from "./random-key.ts";
import type { CallOptions, LinesRpc, ListRpc, Rpc } from "./rpc.ts";
import { userSession } from "./session.ts";
import { type Fetch, type PreparedCall, Transport } from "./transport.ts";

export interface ClientOptions {
  /** URL of the gateway, such as "https://api.example.org". */
  baseUrl: string;
  /** Default: the session of a user, in memory. */
  credentials?: Credentials | undefined;
  fetch?: Fetch | undefined;
  /** `timeoutMs` of calls without their own; default: 15 s, which is longer than the server's limit. */
  timeoutMs?: number | undefined;
  /** `maxRetries` of calls without their own; default: 2. */
  maxRetries?: number | undefined;
  /** Returns the trace context (W3C) of the current operation. */
  traceparent?: (() => string | undefined) | undefined;
  /** Headers of each call. */
  headers?: Record<string, string> | undefined;
}

const TIMEOUT_MS = 15_000;
const MAX_RETRIES = 2;

/**
 * Calls the RPCs that are passed to it: `client.call(createBooking, { slotId })`. A bundle has only those that
 * are used. `MedConnect` has a method for each RPC.
 */
export class Client implements Caller {
  readonly baseUrl: string;
  readonly #options: ClientOptions;
  readonly #credentials: Credentials;
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    const { baseUrl, credentials = userSession(), fetch = defaultFetch } = options;
    if (!URL.canParse(baseUrl)) throw new TypeError(`baseUrl must be a URL, not "${baseUrl}".`);
    this.baseUrl = baseUrl.replace(/\/$/, "");
    this.#options = options;
    this.#credentials = credentials;
    this.#transport = new Transport({ baseUrl: this.baseUrl, fetch, credentials, caller: this });
  }

  /**
   * Sends a call, and repeats it after a failure that passes, where that is safe. Rejects with MedConnectError
   * if the API refuses the call, with ConnectionError if no answer arrives, and with `signal.reason` if the
   * caller cancels.
   */
  call<Request, Answer>(rpc: Rpc<Request, Answer>, request: Request, options?: CallOptions): Call<Answer> {
    return new Call(this.#answer(rpc, request, options));
  }

  /** Sends a call for a list. */
  list<Request, Page, Item>(
    rpc: ListRpc<Request, Page, Item>,
    request: Request,
    options?: CallOptions,
  ): Pages<Page, Item> {
    const page = (token: string) =>
      this.#answer(rpc, token === "" ? request : { ...request, pageToken: token }, options);
    return new Pages({ items: rpc.items, page });
  }

  /** Reads the lines of an export as they arrive, and goes on with its next file until the last one ends. */
  async *lines<Request, Item>(
    rpc: LinesRpc<Request, Item>,
    request: Request,
    options?: CallOptions,
  ): Lines<Item> {
    for (
      let part = request, token: string | undefined;
      token !== "";
      part = { ...request, pageToken: token }
    ) {
      const call = this.#prepare(rpc, part, options);
      try {
        const { body: items } = await this.#transport.send(call, readLines<Item>);
        token = yield* items;
      } catch (error) {
        throw this.#transport.failure(error, call);
      }
    }
  }

  async #answer<Request, Answer>(
    rpc: Rpc<Request, Answer>,
    request: Request,
    options?: CallOptions,
  ): Promise<Answered<Answer>> {
    const call = this.#prepare(rpc, request, options);
    const { response, body } = await this.#transport.send(call, (answer) => bodyOf(answer, rpc.isText));
    const data = body as Answer;
    const tokens = rpc.session === "opens" && issuedTokens(data as SignInAnswer);
    if (tokens) await this.#credentials.open?.(tokens);
    if (rpc.session === "changes") await this.#renewToken();
    if (rpc.session === "ends") await this.#credentials.close?.();
    const { status, headers } = response;
    const info = {
      status,
      headers,
      requestId: headers.get("x-request-id") ?? undefined,
      traceId: headers.get("x-trace-id") ?? undefined,
      replayed: headers.get("idempotent-replayed") === "true",
      idempotencyKey: call.key,
    };
    return { data, info };
  }

  /** Replaces an access token that is out of date. A failure does not hide the answer of the call before. */
  async #renewToken(): Promise<void> {
    try {
      const current = await this.#credentials.accessToken(this);
      if (current !== undefined) await this.#credentials.renew(this, current);
    } catch {
      // The next call renews the token when it has expired, or tells why it cannot be renewed.
    }
  }

  #prepare<Request>(rpc: Rpc<Request, unknown>, request: Request, options: CallOptions = {}): PreparedCall {
    const { timeoutMs = TIMEOUT_MS, maxRetries = MAX_RETRIES, headers } = this.#options;
    const traceparent = options.traceparent ?? this.#options.traceparent?.();
    const http = httpRequestOf(rpc, request);
    return {
      http: {
        ...http,
        headers: { ...headers, ...http.headers, ...optionHeaders({ ...options, traceparent }) },
      },
      isPublic: rpc.isPublic === true,
      key: rpc.takesKey
        ? (options.idempotencyKey ?? (rpc.takesKey === "own" ? undefined : randomKey()))
        : undefined,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      maxRetries: options.maxRetries ?? maxRetries,
    };
  }
}

/** Looks `fetch` up at each call, so that libraries can replace it. */
const defaultFetch: Fetch = (url, init) => fetch(url, init);

/** The answer's JSON or text; undefined for an answer without content, such as 202 (the outcome follows). */
async function bodyOf(response: Response, isText = false): Promise<unknown> {
  const text = await response.text();
  if (isText) return text;
  return response.status === 202 || response.status === 204 ? undefined : JSON.parse(text);
}
