import type { Reason } from "./gen/types.ts";

/** An invalid field of a request. */
export interface Violation {
  /** Path of the field, or name of the header; "" for the whole request. */
  field: string;
  description: string;
}

/** Members of a problem document (RFC 9457) that the API answers for an error. */
interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  code?: string;
  reason?: string;
  requestId?: string;
  traceUrl?: string;
  errors?: Violation[];
  metadata?: Record<string, string>;
}

/**
 * The API refused a call, or failed. Switch on `reason`.
 *
 * ```ts
 * try {
 *   await medconnect.createBooking({ slotId });
 * } catch (error) {
 *   if (!hasReason(error, "SLOT_UNAVAILABLE")) throw error;
 *   showOtherSlots();
 * }
 * ```
 */
export class MedConnectError extends Error {
  override readonly name = "MedConnectError";
  /** HTTP status. */
  readonly status: number;
  /** Undefined if the answer is no problem document, such as that of a proxy. */
  readonly reason: Reason | undefined;
  /** Name of the gRPC status code, such as "NOT_FOUND". */
  readonly code: string | undefined;
  /** The problem, and the next step. */
  readonly detail: string;
  /** The invalid fields, with `INVALID_REQUEST`. */
  readonly violations: readonly Violation[];
  /** Facts of this case, such as a limit. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Link to the description of the reason. */
  readonly type: string | undefined;
  /** Quote it in support requests. */
  readonly requestId: string | undefined;
  /** Page of the call's trace. Only of a local system (`npm start`). */
  readonly traceUrl: string | undefined;
  /** Time in ms after which a repeat may succeed (`Retry-After`). */
  readonly retryAfterMs: number | undefined;
  /** Idempotency-Key of the call. A repeat with this key takes effect only once. */
  readonly idempotencyKey: string | undefined;
  readonly headers: Headers;

  constructor(response: Response, body: string, idempotencyKey?: string) {
    const problem = problemIn(body);
    const detail = problem.detail ?? problem.title ?? `The server answered ${response.status}.`;
    super(problem.reason === undefined ? detail : `${problem.reason}: ${detail}`);
    this.status = response.status;
    this.reason = problem.reason as Reason | undefined;
    this.code = problem.code;
    this.detail = detail;
    this.violations = problem.errors ?? [];
    this.metadata = problem.metadata ?? {};
    this.type = problem.type;
    this.requestId = problem.requestId ?? response.headers.get("x-request-id") ?? undefined;
    this.traceUrl = problem.traceUrl;
    this.retryAfterMs = retryAfterMsOf(response.headers);
    this.idempotencyKey = idempotencyKey;
    this.headers = response.headers;
  }

  /** True if the resource has changed since the version in `ifMatch`. Read it again, and repeat the change. */
  get preconditionFailed(): boolean {
    return this.status === 412;
  }
}

/**
 * No complete answer arrived. An RPC that changes something may have taken effect: repeat the call with the
 * same `idempotencyKey`.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** True if the answer did not arrive within `timeoutMs`. */
  readonly timedOut: boolean;
  readonly idempotencyKey: string | undefined;

  constructor(message: string, cause: unknown, idempotencyKey?: string) {
    super(message, { cause });
    this.timedOut = (cause as { name?: string } | undefined)?.name === "TimeoutError";
    this.idempotencyKey = idempotencyKey;
  }
}

/** True for an error of the API with one of these reasons. */
export function hasReason<R extends Reason>(
  error: unknown,
  ...reasons: readonly R[]
): error is MedConnectError & { reason: R } {
  return error instanceof MedConnectError && reasons.includes(error.reason as R);
}

/** The problem in a body; an error of OAuth (RFC 6749 §5.2) in the form of a problem; `{}` for other text. */
function problemIn(body: string): Problem {
  try {
    const json = JSON.parse(body);
    if (typeof json?.reason === "string") return json;
    if (typeof json?.error !== "string") return {};
    const { error_description: detail, error_uri: type, requestId, traceUrl } = json;
    // The link leads to the reason on the page of all errors.
    return { detail, type, requestId, traceUrl, reason: new URL(type).hash.slice(1) };
  } catch {
    return {};
  }
}

/** The Retry-After header in ms (RFC 9110 §10.2.3): seconds, or a date. */
function retryAfterMsOf(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
