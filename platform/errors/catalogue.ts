import { getOption } from "@bufbuild/protobuf";
import type { Reason as ReasonEnum } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.d.ts";
import { error as errorOption, ReasonSchema } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import { status } from "./status-code.ts";

/** Stable name of the reason of an error. proto/medconnect/options/v1/reason.proto lists them all. */
export type Reason = Exclude<keyof typeof ReasonEnum, "REASON_UNSPECIFIED">;

/** Entry of the catalogue for one reason. */
export interface ReasonRule {
  readonly reason: Reason;
  readonly code: status;
  readonly httpStatus: number;
  /** Fact of the refusal, in one sentence without a next step. */
  readonly title: string;
  /** Usual cause. */
  readonly cause: string;
  /** Next step for the caller. */
  readonly cure: string;
  /**
   * True if the refusal is stored with the idempotency key, so that a repeated call gets the same refusal.
   */
  readonly isKept: boolean;
  /** Error code at OAuth endpoints (RFC 6749 §5.2); "" if the RFC has none for this reason. */
  readonly oauthError: string;
  /** URL of the registered problem type (RFC 9457 §4.2); "" if there is none. */
  readonly problemType: string;
  /** Keys of the error's metadata, each with an example of its value. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** HTTP status for a gRPC status code, by the mapping in google/rpc/code.proto. */
function httpStatusOf(code: status): number {
  switch (code) {
    case status.OK:
      return 200;
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return 400;
    case status.UNAUTHENTICATED:
      return 401;
    case status.PERMISSION_DENIED:
      return 403;
    case status.NOT_FOUND:
      return 404;
    case status.ALREADY_EXISTS:
    case status.ABORTED:
    case status.FAILED_PRECONDITION:
      return 409;
    case status.RESOURCE_EXHAUSTED:
      return 429;
    case status.CANCELLED:
      return 499;
    case status.UNIMPLEMENTED:
      return 501;
    case status.UNAVAILABLE:
      return 503;
    case status.DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}

/**
 * True if a business rule refuses the call, so that a retry is refused, too. After other errors (input,
 * rights, races, faults), a retry may succeed.
 */
const isRefusal = (code: status, httpStatus: number): boolean =>
  httpStatus === 409 && (code === status.ALREADY_EXISTS || code === status.FAILED_PRECONDITION);

/** Entries of the catalogue, by the name of the reason. */
export const catalogue: ReadonlyMap<string, ReasonRule> = new Map(
  ReasonSchema.values
    .filter((value) => value.number !== 0)
    .map((value) => {
      const rule = getOption(value, errorOption);
      const code = status[rule.code as keyof typeof status];
      const httpStatus = rule.httpStatus || httpStatusOf(code);
      return [
        value.name,
        {
          reason: value.name as Reason,
          code,
          httpStatus,
          title: rule.title,
          cause: rule.cause,
          cure: rule.cure,
          isKept: isRefusal(code, httpStatus) && !rule.retryableWithKey,
          oauthError: rule.oauthError,
          problemType: rule.problemType,
          metadata: rule.metadata,
        },
      ];
    }),
);

export function ruleOf(reason: Reason): ReasonRule {
  // biome-ignore lint/style/noNonNullAssertion: a Reason is the name of a value of ReasonSchema
  return catalogue.get(reason)!;
}
