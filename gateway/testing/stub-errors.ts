import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Stub of an unavailable service. */
export const unavailable = () => {
  throw new ApiError("UNAVAILABLE");
};

/** Stub of a service that refuses the caller. */
export const refuse = () => {
  throw new ApiError("PERMISSION_DENIED");
};
