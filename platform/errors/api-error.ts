import { status } from "@grpc/grpc-js";
import { catalogue, type Reason, type ReasonRule } from "./catalogue.ts";
import { type FieldViolation, limitViolations } from "./limit-violations.ts";

/** A resource that a refusal hides, and the users whose data it is. Never leaves the process. */
export interface HiddenResource {
  resource: string;
  subjectIds: string[];
}

/** Optional details of an error. */
export interface ErrorDetails {
  /** One sentence about this case; default: the catalogue's title. Never personal data, never a secret. */
  detail?: string;
  /** Facts for client code. */
  metadata?: Record<string, string>;
  /** Violations of INVALID_REQUEST, limited to the size of an answer. */
  violations?: FieldViolation[];
  /** Delay before a retry makes sense. */
  retryAfterMs?: number;
  /** Another user's resource that NOT_FOUND hides, for the audit trail. */
  hidden?: HiddenResource;
  /** True for a refusal that is repeated to the same request with the same idempotency key. */
  replayed?: boolean;
  cause?: unknown;
}

/** A refusal or failure with a reason from the catalogue. No other error leaves a process. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly rule: ReasonRule;
  readonly metadata: Record<string, string>;
  readonly violations: FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly hidden: HiddenResource | undefined;
  readonly replayed: boolean;

  constructor(reason: Reason, details: ErrorDetails = {}) {
    // The catalogue has a rule for each reason.
    const rule = catalogue.get(reason)!;
    // Without a stack, which would cost more than the rest of a refusal.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(details.detail ?? rule.title, { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "ApiError";
    this.reason = reason;
    this.rule = rule;
    this.metadata = details.metadata ?? {};
    this.violations = limitViolations(details.violations ?? []);
    this.retryAfterMs = details.retryAfterMs ?? (rule.code === status.UNAVAILABLE ? 1000 : undefined);
    this.hidden = details.hidden;
    this.replayed = details.replayed ?? false;
  }

  get code(): status {
    return this.rule.code;
  }

  /** True if the caller lacks a right, even if the reason hides that. */
  get isDenial(): boolean {
    return this.hidden !== undefined || this.code === status.PERMISSION_DENIED;
  }

  /** The same refusal, marked as replayed. */
  asReplayed(): ApiError {
    const { message: detail, metadata, violations } = this;
    return new ApiError(this.reason, { detail, metadata, violations, replayed: true });
  }

  /** Any thrown value as an ApiError. Other values become the cause of an INTERNAL, for the log. */
  static from(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError("INTERNAL", { cause: error });
  }
}

/** INVALID_REQUEST about one field. */
export function invalidField(field: string, description: string): ApiError {
  return new ApiError("INVALID_REQUEST", { violations: [{ field, description }] });
}

/** NOT_FOUND for another user's resource. Looks like any NOT_FOUND, but is audited as a denial. */
export function hiddenFrom(resource: string, ...subjectIds: string[]): ApiError {
  return new ApiError("NOT_FOUND", { hidden: { resource, subjectIds } });
}
