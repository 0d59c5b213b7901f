import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** True for an error that is answered with 401. */
export const isUnauthenticated = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.rule.httpStatus === 401;
