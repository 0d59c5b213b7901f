import { ApiError } from "./api-error.ts";

/**
 * Refusal of a transition to the current status by another party or with another reason. Only an exact repeat
 * gets the first answer; otherwise a client would believe that its reason was recorded.
 */
export const repeatDiffers = (status: string): ApiError =>
  new ApiError("ILLEGAL_TRANSITION", {
    detail: `The status is ${status} already, by another party or for another reason. The first one stays.`,
    metadata: { current: status, requested: status, allowed: "" },
  });
