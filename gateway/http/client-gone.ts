import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { GatewayResponse } from "./gateway-response.ts";

/** Aborts when the client leaves before its answer is sent. Throws CANCELLED if it has left already. */
export function clientGoneSignal(response: GatewayResponse): AbortSignal {
  // The `close` event is over.
  if (response.destroyed) throw new ApiError("CANCELLED");
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
