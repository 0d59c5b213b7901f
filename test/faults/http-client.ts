import { Agent, type IncomingMessage, request } from "node:http";
import type { Json } from "../support/api.ts";

export interface Sent {
  token?: string;
  /** Idempotency key. It is also the request id, so that the audit trail names it. */
  key?: string;
  body?: Json;
}

/**
 * Outcome of a call, as the caller sees it:
 *
 * - ok: the call succeeded
 * - refused: the call changed nothing
 * - unknown: the response was lost or late, or a dependency failed; the call may have changed something
 */
export interface Outcome {
  kind: "ok" | "refused" | "unknown";
  /** Reason of a refusal or failure, such as "SLOT_UNAVAILABLE"; without a response, a socket error code. */
  reason: string;
  /** HTTP status; 0 if there was no response. */
  status: number;
  body: Json;
  ms: number;
  /** The response's Retry-After header, in seconds. */
  retryAfter: number | undefined;
  /** True if the system returned the stored response of an earlier attempt with this idempotency key. */
  replayed: boolean;
}

/** Longer than every deadline of the system. So a call that has no response by then hangs. */
export const CLIENT_TIMEOUT_MS = 15_000;
/**
 * Refusals that do not decide the outcome: the same request may succeed later, or an earlier attempt of it
 * may still take effect.
 */
const UNDECIDED = new Set(["IDEMPOTENCY_IN_PROGRESS", "RATE_LIMITED", "TOO_MANY_CONCURRENT_REQUESTS"]);

/** HTTP client of one gateway, which keeps its connections open. */
export class HttpClient {
  // No limit for idle connections. With the default of 256, further calls would open new connections, unlike
  // real clients.
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY });
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Sends a request. @param call method and path, such as "GET /v1/users/me" */
  async send(call: string, sent: Sent = {}, timeoutMs = CLIENT_TIMEOUT_MS): Promise<Outcome> {
    const begin = performance.now();
    try {
      const { response, text } = await this.#exchange(call, sent, timeoutMs);
      return outcomeOf(response, text, performance.now() - begin);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const ms = performance.now() - begin;
      return {
        kind: "unknown",
        reason: code ?? message,
        status: 0,
        body: {},
        ms,
        retryAfter: undefined,
        replayed: false,
      };
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    call: string,
    { token, key, body }: Sent,
    timeoutMs: number,
  ): Promise<{ response: IncomingMessage; text: string }> {
    const [method, path] = call.split(" ");
    const payload = body && JSON.stringify(body);
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(key && { "idempotency-key": key, "x-request-id": key }),
      ...(payload && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
    };
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const options = { method: method!, headers, agent: this.#agent, signal };
      const sending = request(this.url + path, options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => (text += chunk));
        response.once("error", reject);
        response.once("end", () => resolve({ response, text }));
      });
      sending.once("error", reject);
      sending.end(payload);
    });
  }
}

function outcomeOf(response: IncomingMessage, text: string, ms: number): Outcome {
  const status = response.statusCode ?? 0;
  const isJson = /[/+]json/.test(response.headers["content-type"] ?? "");
  const body = (isJson ? JSON.parse(text) : {}) as Json;
  const reason = status < 400 ? "" : String(body.reason ?? status);
  const retryAfter = response.headers["retry-after"];
  return {
    kind: status < 400 ? "ok" : status < 500 && !UNDECIDED.has(reason) ? "refused" : "unknown",
    reason,
    status,
    body,
    ms,
    retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
    replayed: response.headers["idempotent-replayed"] === "true",
  };
}
