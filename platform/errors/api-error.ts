import { type Reason, type ReasonRule, ruleOf } from "./catalogue.ts";
import { type FieldViolation, limitViolations, summaryOf } from "./limit-violations.ts";
import { status } from "./status-code.ts";

/**
 * A resource that exists, but is hidden from the caller by a NOT_FOUND. `subjectIds` are the users whose data
 * it holds. Only the audit trail gets this.
 */
export interface HiddenResource {
  resource: string;
  subjectIds: string[];
}

export interface ErrorDetails {
  /**
   * One sentence about this case, for the user; default: the first violation, or the title and cure in the catalogue.
   * Must not hold secrets, and no value of a field marked `debug_redact`.
   */
  detail?: string | undefined;
  /** Facts for client code, such as the current and the requested status. */
  metadata?: Record<string, string>;
  /** Invalid fields of an INVALID_REQUEST. The list is cut to the maximum size of an answer. */
  violations?: FieldViolation[];
  /** Time in ms after which a retry may succeed. */
  retryAfterMs?: number;
  /** Names of the exceeded quotas, as in the RateLimit-Policy header. */
  violatedPolicies?: string[];
  /** Resource of another user that a NOT_FOUND hides. It goes to the audit trail only. */
  hidden?: HiddenResource;
  /** True if an earlier request with the same idempotency key got this refusal, which was then stored. */
  replayed?: boolean;
  cause?: unknown;
}

/** An error with a reason from the catalogue. All errors that a process sends to others are of this class. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly rule: ReasonRule;
  readonly metadata: Record<string, string>;
  readonly violations: FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly violatedPolicies: string[];
  readonly hidden: HiddenResource | undefined;
  readonly replayed: boolean;

  constructor(reason: Reason, details: ErrorDetails = {}) {
    const rule = ruleOf(reason);
    // Creates the error without a stack trace, which would cost more than the rest of a refused call.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    const violations = limitViolations(details.violations ?? []);
    const metadata = details.metadata ?? {};
    const retryAfterMs = details.retryAfterMs ?? (rule.code === status.UNAVAILABLE ? 1000 : undefined);
    const detail = details.detail ?? summaryOf(violations) ?? describe(rule, metadata, retryAfterMs);
    super(detail, { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "ApiError";
    this.reason = reason;
    this.rule = rule;
    this.metadata = metadata;
    this.violations = violations;
    this.retryAfterMs = retryAfterMs;
    this.violatedPolicies = details.violatedPolicies ?? [];
    this.hidden = details.hidden;
    this.replayed = details.replayed ?? false;
  }

  get code(): status {
    return this.rule.code;
  }

  /** True if the error means that the caller lacks a right, even if its reason is NOT_FOUND. */
  get isDenial(): boolean {
    return this.hidden !== undefined || this.code === status.PERMISSION_DENIED;
  }

  /** Copies this refusal and marks the copy as replayed. */
  asReplayed(): ApiError {
    const { message: detail, metadata, violations } = this;
    return new ApiError(this.reason, { detail, metadata, violations, replayed: true });
  }

  /**
   * Converts any thrown value to an ApiError. An error of another class becomes the cause of an INTERNAL
   * error. Only the log shows the cause.
   */
  static from(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError("INTERNAL", { cause: error });
  }
}

/** Title and cure of a reason, with the values of the metadata and of `Retry-After` that they name. */
const describe = (
  { title, cure }: ReasonRule,
  metadata: Record<string, string>,
  retryAfterMs: number | undefined,
): string =>
  `${title} ${cure}`
    .replace(/`metadata\.(\w+)`/g, (name, key) => metadata[key] ?? name)
    .replace(/the seconds in `Retry-After`/, (words) =>
      retryAfterMs === undefined ? words : secondsOf(retryAfterMs),
    );

/** Delay in words, such as "1 second". */
function secondsOf(ms: number): string {
  const seconds = retryAfterSeconds(ms);
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}

/** Value of `Retry-After`: whole seconds, at least one. */
export const retryAfterSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** Makes an INVALID_REQUEST error with one invalid field. */
export function invalidField(field: string, description: string): ApiError {
  return new ApiError("INVALID_REQUEST", { violations: [{ field, description }] });
}

/**
 * Makes a NOT_FOUND error for a resource of another user. The caller cannot tell this error from any other
 * NOT_FOUND, but the audit trail records it as a denial.
 */
export function hiddenFrom(resource: string, ...subjectIds: string[]): ApiError {
  return new ApiError("NOT_FOUND", { hidden: { resource, subjectIds } });
}
