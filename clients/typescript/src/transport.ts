import type { Caller, Credentials } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { ConnectionError, hasReason, MedConnectError } from "./errors.ts";
import type { HttpRequest } from "./http-request.ts";
import { retryDelayMs, sleep } from "./retry.ts";

/** `fetch`, or a function like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface TransportOptions {
  baseUrl: string;
  fetch: Fetch;
  credentials: Credentials;
  /** Sends the calls of the credentials. */
  caller: Caller;
}

/** A call with everything that its attempts have in common. */
export interface PreparedCall {
  http: HttpRequest;
  isPublic: boolean;
  /** Idempotency-Key. */
  key: string | undefined;
  signal: AbortSignal | undefined;
  /** Longest time in ms for one attempt, or between two parts of an answer. */
  timeoutMs: number;
  maxRetries: number;
}

/** Reads the body of an answer. `deadline` ends when the function returns, unless it extends it. */
export type ReadBody<Body> = (response: Response, deadline: Deadline) => Body | Promise<Body>;

export interface Arrived<Body> {
  response: Response;
  body: Body;
}

/** Sends calls over HTTP: with a token and a time limit, and again where a repeat is safe and may help. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Throws MedConnectError, ConnectionError, or the reason of the caller's signal. */
  async send<Body>(call: PreparedCall, read: ReadBody<Body>): Promise<Arrived<Body>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#sendWithToken(call, read);
      } catch (error) {
        const isRepeatable = call.http.method === "GET" || call.key !== undefined;
        const delayMs = attempt < call.maxRetries ? retryDelayMs(error, isRepeatable, attempt) : undefined;
        if (delayMs === undefined) throw error;
        await sleep(delayMs, call.signal);
      }
    }
  }

  /** The error of a failed attempt, or of an answer that breaks off. */
  failure(error: unknown, { signal, key }: PreparedCall): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof MedConnectError || error instanceof ConnectionError) return error;
    const { message, cause } = error as Error & { cause?: { message?: string } };
    return new ConnectionError(`${this.#options.baseUrl}: ${cause?.message || message}`, error, key);
  }

  /** Sends a call with the current token. If that is refused, sends the call with a new one. */
  async #sendWithToken<Body>(call: PreparedCall, read: ReadBody<Body>): Promise<Arrived<Body>> {
    const { credentials, caller } = this.#options;
    const token = call.isPublic ? undefined : await credentials.accessToken(caller);
    try {
      return await this.#sendOnce(call, token, read);
    } catch (error) {
      if (token === undefined || !hasReason(error, "UNAUTHENTICATED")) throw error;
      const next = await credentials.renew(caller, token);
      if (next === undefined) throw error;
      return await this.#sendOnce(call, next, read);
    }
  }

  async #sendOnce<Body>(
    call: PreparedCall,
    token: string | undefined,
    read: ReadBody<Body>,
  ): Promise<Arrived<Body>> {
    const { http, key, signal, timeoutMs } = call;
    signal?.throwIfAborted();
    const headers = {
      ...http.headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(key !== undefined && { "idempotency-key": key }),
    };
    const deadline = new Deadline(timeoutMs, signal);
    const init = { method: http.method, headers, signal: deadline.signal, redirect: "error" } as const;
    try {
      const url = this.#options.baseUrl + http.target;
      const response = await this.#options.fetch(
        url,
        http.body === undefined ? init : { ...init, body: http.body },
      );
      if (!response.ok) throw new MedConnectError(response, await response.text(), key);
      return { response, body: await read(response, deadline) };
    } catch (error) {
      throw this.failure(error, call);
    } finally {
      deadline.end();
    }
  }
}
