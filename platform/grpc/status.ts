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

/**
 * Encodes an error as google.rpc.Status: with ErrorInfo, and with BadRequest and RetryInfo if the error has
 * such details.
 */
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

/**
 * Decodes the ApiError that `encodeStatus` has encoded. Returns undefined if the status does not come from
 * one of our servers.
 */
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

/** Converts an error to the gRPC status that the server sends. */
export function toGrpcStatus(error: ApiError): Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeStatus(error));
  metadata.set(PUSHBACK_KEY, DO_NOT_RETRY);
  return { code: error.code, details: error.message, metadata };
}

/**
 * Reasons for status codes that gRPC itself reports, without the details of an error from our servers. A code
 * that is not listed means UNAVAILABLE: the server was unreachable, or stopped before it answered. Example:
 * INTERNAL, which gRPC reports for a reset stream.
 */
const TRANSPORT_REASONS: Partial<Record<status, Reason>> = {
  [status.CANCELLED]: "CANCELLED",
  [status.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
  // The server or client has refused a message above its size limit, which is a bug.
  [status.RESOURCE_EXHAUSTED]: "INTERNAL",
  [status.UNIMPLEMENTED]: "UNIMPLEMENTED",
};

/**
 * Trailer that marks an answer as replayed: an earlier request with the same idempotency key got the same
 * answer.
 */
export const REPLAYED_KEY = "idempotent-replayed";

/**
 * Converts the error of a gRPC client to the ApiError that the server threw. If gRPC itself reports the
 * error, converts it by TRANSPORT_REASONS.
 */
export function fromGrpcStatus({ code, details, metadata }: StatusObject): ApiError {
  const [bytes] = metadata?.get(DETAILS_KEY) ?? [];
  const told = bytes instanceof Uint8Array ? decodeStatus(bytes) : undefined;
  if (!told) {
    const cause = new Error(`gRPC status ${status[code]}: ${details}`);
    return new ApiError(TRANSPORT_REASONS[code] ?? "UNAVAILABLE", { cause });
  }
  return metadata.get(REPLAYED_KEY).length > 0 ? told.asReplayed() : told;
}
