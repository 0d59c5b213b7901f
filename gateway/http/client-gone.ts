import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { GatewayResponse } from "./gateway-response.ts";

/**
 * Signal that aborts if the client disconnects before its answer is sent. Throws CANCELLED if the client has
 * already disconnected.
 */
export function clientGoneSignal(response: GatewayResponse): AbortSignal {
  // If the connection is closed already, no `close` event follows.
  if (response.destroyed) throw new ApiError("CANCELLED");
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
