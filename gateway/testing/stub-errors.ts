import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Stub that answers as if its service were unavailable. */
export const unavailable = () => {
  throw new ApiError("UNAVAILABLE");
};

/** Stub that refuses the caller. */
export const refuse = () => {
  throw new ApiError("PERMISSION_DENIED");
};
