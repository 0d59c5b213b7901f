import { status } from "@grpc/grpc-js";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** True for the error of a service that is unreachable or too slow. A service that refuses has answered. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED);
