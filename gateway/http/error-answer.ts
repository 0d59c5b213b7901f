import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Answer } from "./answer.ts";
import { oauthErrorHeaders, oauthErrorOf } from "./oauth-error.ts";
import { problemHeaders, problemsOf } from "./problem.ts";

/** Facts about a refused request that its answer depends on. */
export interface RefusedRequest {
  readonly requestId: string;
  /** Undefined if the HTTP parser refused the request. */
  readonly traceId?: string | undefined;
  /** True if the request had an Authorization header. */
  readonly sentAuthorization: boolean;
  /** True at OAuth endpoints. */
  readonly isOAuth: boolean;
}

export type ErrorAnswerOf = (error: ApiError, request: RefusedRequest) => Answer;

/**
 * Makes the answers to errors: problem documents (RFC 9457), or the errors of RFC 6749 at OAuth endpoints.
 *
 * @param traceUrlTemplate URL of a trace with `{traceId}`, for the member `traceUrl`. Empty in production, whose
 *   clients cannot reach its traces
 */
export function errorAnswers(apiUrl: string, traceUrlTemplate = ""): ErrorAnswerOf {
  const problemOf = problemsOf(apiUrl);
  return (error, { requestId, traceId, sentAuthorization, isOAuth }) => ({
    status: error.rule.httpStatus,
    headers: isOAuth ? oauthErrorHeaders(error, sentAuthorization) : problemHeaders(error, sentAuthorization),
    body: JSON.stringify({
      ...(isOAuth ? oauthErrorOf(error, apiUrl, requestId) : problemOf(error, requestId)),
      ...(traceId && traceUrlTemplate && { traceUrl: traceUrlTemplate.replaceAll("{traceId}", traceId) }),
    }),
  });
}
