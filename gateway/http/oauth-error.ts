import { type ApiError, retryAfterSeconds } from "@medconnect/platform/errors/api-error.ts";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import { errorUri } from "./problem.ts";

/** An error of an OAuth endpoint (RFC 6749 §5.2). `requestId` is an extension. */
export interface OAuthError {
  error: string;
  error_description: string;
  /** The reason's place on the API's own page of errors. */
  error_uri: string;
  requestId: string;
}

/** Characters that RFC 6749 §5.2 does not allow in a description. */
const NOT_ALLOWED = /[^ !#-[\]-~]/gu;
export const MAX_DESCRIPTION_LENGTH = 500;

const INVALID_REQUEST = "invalid_request";
const SERVER_ERROR = "server_error";
const UNAVAILABLE = "temporarily_unavailable";

/** All codes of errors. */
export const OAUTH_ERRORS: readonly string[] = [
  ...[...catalogue.values()].flatMap(({ oauthError }) => oauthError || []),
  INVALID_REQUEST,
  SERVER_ERROR,
  UNAVAILABLE,
].sort();

/** Makes the body of an error. Its description lists the parameters that break a rule. */
export function oauthErrorOf(error: ApiError, apiUrl: string, requestId: string): OAuthError {
  const violations = error.violations.map(({ field, description }) => [field, description].filter(Boolean));
  const text = violations.map((parts) => parts.join(": ")).join("; ") || error.message;
  return {
    error: codeOf(error),
    error_description: text.replaceAll(NOT_ALLOWED, "'").slice(0, MAX_DESCRIPTION_LENGTH),
    error_uri: errorUri(apiUrl, error),
    requestId,
  };
}

/**
 * Code of the error. RFC 6749 §5.2 has none for overload and faults, so these have the codes of §4.1.2.1 with
 * the same meaning.
 */
function codeOf({ rule: { oauthError, httpStatus } }: ApiError): string {
  if (oauthError !== "") return oauthError;
  if (httpStatus === 429 || httpStatus === 503) return UNAVAILABLE;
  return httpStatus >= 500 ? SERVER_ERROR : INVALID_REQUEST;
}

/**
 * Headers of an error. A challenge answers only clients that sent `Authorization` (RFC 6749 §5.2). Others
 * would read it as a demand for HTTP Basic.
 */
export function oauthErrorHeaders(error: ApiError, sentAuthorization: boolean): Record<string, string> {
  return {
    "content-type": "application/json",
    ...(error.retryAfterMs !== undefined && { "retry-after": `${retryAfterSeconds(error.retryAfterMs)}` }),
    ...(error.rule.httpStatus === 401 &&
      sentAuthorization && { "www-authenticate": 'Basic realm="MedConnect", charset="UTF-8"' }),
  };
}
