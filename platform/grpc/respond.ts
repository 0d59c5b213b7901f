import {
  type handleUnaryCall,
  Metadata,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import type { Attributes } from "@opentelemetry/api";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { durations } from "../telemetry/metrics.ts";
import type { Step } from "./layers.ts";
import { toGrpcStatus } from "./status.ts";
import type { Received } from "./steps.ts";

const handled = durations("rpc.server.call.duration", "Duration of gRPC calls, by method and status");

/** Answers a call. @returns the error that was sent; undefined if a response was sent */
type Respond = (
  incoming: ServerUnaryCall<Buffer, unknown>,
  callback: sendUnaryData<unknown>,
) => Promise<ApiError | undefined>;

/** Records the duration and outcome of each call in metrics, and logs server faults. */
export function record(method: Method, log: Logger, next: Respond): handleUnaryCall<Buffer, unknown> {
  const rpc = method.path.slice(1);
  return async (incoming, callback) => {
    const startedAtMs = performance.now();
    const error = await next(incoming, callback);
    if (error && (error.rule.httpStatus >= 500 || error.reason === "RECORD_ALTERED")) {
      log.warn({ err: error, rpc: method.path, reason: error.reason }, "call failed");
    }
    const seconds = (performance.now() - startedAtMs) / 1000;
    handled(seconds, attributesOf(rpc, error));
  };
}

/** Attributes by the OpenTelemetry conventions for RPC. The reason of an error is finer than its code. */
function attributesOf(rpc: string, error: ApiError | undefined): Attributes {
  const attributes = { "rpc.system.name": "grpc", "rpc.method": rpc };
  if (!error) return { ...attributes, "rpc.response.status_code": "OK" };
  return { ...attributes, "rpc.response.status_code": status[error.code], "error.type": error.reason };
}

/** Runs the steps of a call and sends their response, or their error as a google.rpc.Status. */
export function respond(next: Step<Received>): Respond {
  return async (incoming, callback) => {
    const trailer = new Metadata();
    try {
      callback(null, await next({ incoming, trailer }), trailer);
      return undefined;
    } catch (thrown) {
      const error = ApiError.from(thrown);
      callback(withTrailer(toGrpcStatus(error), trailer));
      return error;
    }
  };
}

function withTrailer(status: Partial<StatusObject>, trailer: Metadata): Partial<StatusObject> {
  status.metadata?.merge(trailer);
  return status;
}
