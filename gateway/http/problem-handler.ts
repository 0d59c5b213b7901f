import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { RefusalPace } from "../limits/refusal-pace.ts";
import { send } from "./answer.ts";
import type { ErrorAnswerOf } from "./error-answer.ts";
import type { GatewayResponse } from "./gateway-response.ts";

/** Statuses of refusals that come in bursts. `RefusalPace` spreads these refusals over time. */
const PACED_STATUSES = new Set([429, 503]);

/** Answers an error. The cause of an unexpected error goes to the log only. */
export function problemHandler(log: Logger, answerOf: ErrorAnswerOf) {
  const pace = new RefusalPace();
  return async (thrown: unknown, request: IncomingMessage, response: GatewayResponse): Promise<void> => {
    const error = ApiError.from(thrown);
    const { requestId, traceId, route, isOAuth = false } = response.locals;
    response.locals.reason = error.reason;
    // An error without a cause is not logged here, because the log line of the request already has the reason
    // of the error.
    if (error.rule.httpStatus >= 500 && error.cause !== undefined) {
      const level = error.reason === "INTERNAL" ? "error" : "warn";
      log[level]({ err: error, reason: error.reason, route, requestId }, "request failed");
    }
    if (PACED_STATUSES.has(error.rule.httpStatus)) await pace.wait();
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const sentAuthorization = request.headers.authorization !== undefined;
    send(response, answerOf(error, { requestId, traceId, sentAuthorization, isOAuth }));
  };
}
