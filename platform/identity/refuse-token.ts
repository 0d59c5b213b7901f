import { ApiError } from "../errors/api-error.ts";

/**
 * Reasons to refuse a credential, each with its remedy. The gateway also sends them as `error_description`,
 * whose characters are ASCII without quotes and backslashes (RFC 6750 §3).
 */
const REFUSALS = {
  missing:
    "The access token is missing. Send the header Authorization: Bearer, followed by a token from a login.",
  malformedHeader: "The Authorization header is malformed. Write Bearer, a space, and the access token.",
  malformed: "The access token is malformed. Send the token of the login unchanged, without quotes.",
  invalid: "The access token is not valid for this API, or was altered. Log in to this API for a new one.",
  expired: "The access token has expired. Get a new one with the refresh token, or log in again.",
  revoked: "The access token was revoked, because its session has ended. Log in again.",
} as const;

/** Makes an UNAUTHENTICATED error that says how to get a valid credential. */
export const refuseToken = (why: keyof typeof REFUSALS, cause?: unknown): ApiError =>
  new ApiError("UNAUTHENTICATED", { detail: REFUSALS[why], cause });

const OTHER_SCHEME = /^(?:Basic|Token|JWT|Digest|ApiKey|OAuth)\b/i;

/** Makes the error for an Authorization header of another form than `Bearer <token>`. Never shows its value. */
export function refuseHeader(header: string): ApiError {
  if (/^Bearer\s*$/i.test(header)) return refuseToken("missing");
  const [scheme] = OTHER_SCHEME.exec(header) ?? [];
  if (scheme === undefined) return refuseToken("malformedHeader");
  return new ApiError("UNAUTHENTICATED", {
    detail: `The Authorization header has the scheme ${scheme}. This API takes Bearer, followed by an access token.`,
  });
}
