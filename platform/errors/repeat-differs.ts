import { ApiError } from "./api-error.ts";

/**
 * Refusal of a transition to a status that the resource has already, but by another party or for another
 * reason. If the repeat got the first response instead, the client would believe that its own reason was
 * recorded.
 */
export const repeatDiffers = (status: string): ApiError =>
  new ApiError("ILLEGAL_TRANSITION", {
    detail: `The status is ${status} already, by another party or for another reason. The first one stays.`,
    metadata: { current: status, requested: status, allowed: "" },
  });
