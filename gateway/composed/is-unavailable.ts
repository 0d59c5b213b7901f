import { status } from "@grpc/grpc-js";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/**
 * True if the error means that a service is unreachable or too slow. False if the service answered with a
 * refusal.
 */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED);
