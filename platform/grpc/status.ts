import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import type { Any } from "@medconnect/proto/google/protobuf/any.ts";
import { BadRequest, ErrorInfo, RetryInfo } from "@medconnect/proto/google/rpc/error_details.ts";
import { Status } from "@medconnect/proto/google/rpc/status.ts";
import { ApiError } from "../errors/api-error.ts";
import { catalogue, type Reason } from "../errors/catalogue.ts";
import { DO_NOT_RETRY, PUSHBACK_KEY } from "./service-config.ts";

const DOMAIN = "medconnect";
const DETAILS_KEY = "grpc-status-details-bin";
const TYPE_URL = "type.googleapis.com/google.rpc.";

const pack = (type: string, value: Uint8Array): Any => ({
  typeUrl: TYPE_URL + type,
  value: Buffer.from(value),
});

/** The error as google.rpc.Status bytes: ErrorInfo, and BadRequest or RetryInfo where there is something to tell. */
export function encodeStatus(error: ApiError): Buffer {
  const details = [
    pack(
      "ErrorInfo",
      ErrorInfo.encode({ reason: error.reason, domain: DOMAIN, metadata: error.metadata }).finish(),
    ),
  ];
  if (error.violations.length > 0) {
    const fieldViolations = error.violations.map((v) => ({ ...v, reason: "", localizedMessage: undefined }));
    details.push(pack("BadRequest", BadRequest.encode({ fieldViolations }).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = {
      seconds: Math.floor(error.retryAfterMs / 1000),
      nanos: (error.retryAfterMs % 1000) * 1_000_000,
    };
    details.push(pack("RetryInfo", RetryInfo.encode({ retryDelay }).finish()));
  }
  return Buffer.from(Status.encode({ code: error.code, message: error.message, details }).finish());
}

/** The inverse of `encodeStatus`; undefined for bytes that are not one of ours. */
export function decodeStatus(bytes: Uint8Array): ApiError | undefined {
  const { message, details } = Status.decode(bytes);
  const find = (type: string) => details.find((any) => any.typeUrl === TYPE_URL + type)?.value;
  const info = find("ErrorInfo");
  if (!info) return undefined;
  const { reason, metadata } = ErrorInfo.decode(info);
  if (!catalogue.has(reason)) return undefined;
  const badRequest = find("BadRequest");
  const retryInfo = find("RetryInfo");
  const delay = retryInfo && RetryInfo.decode(retryInfo).retryDelay;
  return new ApiError(reason as Reason, {
    detail: message,
    metadata,
    ...(badRequest && {
      violations: BadRequest.decode(badRequest).fieldViolations.map(({ field, description }) => ({
        field,
        description,
      })),
    }),
    ...(delay && { retryAfterMs: delay.seconds * 1000 + Math.round(delay.nanos / 1_000_000) }),
  });
}

/** gRPC status of an error. */
export function toGrpcStatus(error: ApiError): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeStatus(error));
  metadata.set(PUSHBACK_KEY, DO_NOT_RETRY);
  return { code: error.code, details: error.message, metadata };
}

/**
 * The catalogue's word for a failure that gRPC itself reports; our servers' own always carry details. All others come to
 * the same: the server could not be reached, or went away before its answer, as when a stream is reset (INTERNAL).
 */
const TRANSPORT_REASONS: Partial<Record<status, Reason>> = {
  [status.CANCELLED]: "CANCELLED",
  [status.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
  // A message beyond the size that is taken: a mistake of ours.
  [status.RESOURCE_EXHAUSTED]: "INTERNAL",
  [status.UNIMPLEMENTED]: "UNIMPLEMENTED",
};

/** Set in the trailer of an answer that was given before, to the same request with the same idempotency key. */
export const REPLAYED_KEY = "idempotent-replayed";

/** The error that a gRPC client received, as the server meant it. */
export function fromGrpcStatus({ code, details, metadata }: StatusObject): ApiError {
  const [bytes] = metadata?.get(DETAILS_KEY) ?? [];
  const told = bytes instanceof Uint8Array ? decodeStatus(bytes) : undefined;
  if (!told) {
    const cause = new Error(`gRPC status ${status[code]}: ${details}`);
    return new ApiError(TRANSPORT_REASONS[code] ?? "UNAVAILABLE", { cause });
  }
  return metadata.get(REPLAYED_KEY).length > 0 ? told.asReplayed() : told;
}
