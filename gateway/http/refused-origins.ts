import type { IncomingMessage } from "node:http";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { type Clock, systemClock } from "@medconnect/platform/time/clock.ts";
import { isAllowedOrigin } from "./security-headers.ts";

/** A page that retries must not fill the log. */
const LOG_EVERY_MS = 60_000;
const MAX_SHOWN = 100;

export interface RefusedOriginsOptions {
  /** Allowed origins. If there are none, pages cannot be meant to call, and nothing is logged. */
  origins: readonly string[];
  apiUrl: string;
  log: Logger;
  clock?: Clock;
}

/**
 * Logs the origin of a page that CORS refuses, at most once a minute. The browser does not tell the page's
 * developer which setting of the server is missing.
 */
export function logRefusedOrigins({ origins, apiUrl, log, clock = systemClock }: RefusedOriginsOptions) {
  const own = new URL(apiUrl).origin;
  let nextMs = 0;
  return ({ headers: { origin } }: IncomingMessage): void => {
    if (origin === undefined || origins.length === 0) return;
    if (origin === own || isAllowedOrigin(origins, origin)) return;
    const nowMs = clock.now().getTime();
    if (nowMs < nextMs) return;
    nextMs = nowMs + LOG_EVERY_MS;
    log.warn(
      { origin: origin.slice(0, MAX_SHOWN) },
      "CORS refuses pages of an origin that is not in CORS_ORIGINS",
    );
  };
}
