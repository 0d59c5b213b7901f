import { status } from "@grpc/grpc-js";
import { catalogue, type Reason, type ReasonRule } from "./catalogue.ts";
import { type FieldViolation, limitViolations } from "./limit-violations.ts";

/** A resource that a caller may not know of, and the people whose data it is. Never leaves the process. */
export interface HiddenResource {
  resource: string;
  subjectIds: string[];
}

/** Optional details of an error. */
export interface ErrorDetails {
  /** One sentence about this case; the catalogue's title if absent. Never personal, never a secret. */
  detail?: string;
  /** Facts that a client can switch on. */
  metadata?: Record<string, string>;
  /** Violations of INVALID_REQUEST, limited to the size of an answer. */
  violations?: FieldViolation[];
  /** When trying again makes sense. */
  retryAfterMs?: number;
  /** The refusal hides a resource of somebody else behind NOT_FOUND: which, for the audit trail. */
  hidden?: HiddenResource;
  /** The refusal was given before, to the same request with the same idempotency key. */
  replayed?: boolean;
  cause?: unknown;
}

/** A refusal or failure with a reason from the catalogue: the only kind of error that leaves a process. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly rule: ReasonRule;
  readonly metadata: Record<string, string>;
  readonly violations: FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly hidden: HiddenResource | undefined;
  readonly replayed: boolean;

  constructor(reason: Reason, details: ErrorDetails = {}) {
    const rule = catalogue.get(reason)!;
    // Reason and cause suffice: a stack would cost more than the rest of a refusal.
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

  /** The caller had no right to it, whatever the reason says outwardly. */
  get isDenial(): boolean {
    return this.hidden !== undefined || this.code === status.PERMISSION_DENIED;
  }

  /** The same refusal, given again. */
  asReplayed(): ApiError {
    const { message: detail, metadata, violations } = this;
    return new ApiError(this.reason, { detail, metadata, violations, replayed: true });
  }

  /** Any thrown value as an ApiError; what is not one is INTERNAL and keeps its cause for the log. */
  static from(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError("INTERNAL", { cause: error });
  }
}

/** INVALID_REQUEST about one field. */
export function invalidField(field: string, description: string): ApiError {
  return new ApiError("INVALID_REQUEST", { violations: [{ field, description }] });
}

/** NOT_FOUND for a resource that exists but is not the caller's: outwardly the same, audited as a denial. */
export function hiddenFrom(resource: string, ...subjectIds: string[]): ApiError {
  return new ApiError("NOT_FOUND", { hidden: { resource, subjectIds } });
}
