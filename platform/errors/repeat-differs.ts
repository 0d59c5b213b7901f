import { ApiError } from "./api-error.ts";

/**
 * Makes the refusal of a repeated transition: the resource has the status already, but another party set it,
 * or it was set for another reason. If the repeated call got the first response instead, the client would
 * believe that its own reason was recorded.
 */
export const repeatDiffers = (status: string): ApiError =>
  new ApiError("ILLEGAL_TRANSITION", {
    detail: `The status is ${status} already, by another party or for another reason. The earlier one stands.`,
    metadata: { current: status, requested: status, allowed: "" },
  });
