import type { IncomingMessage } from "node:http";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { LogPace } from "@medconnect/platform/telemetry/log-pace.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import { isAllowedOrigin } from "./security-headers.ts";

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
export function logRefusedOrigins({ origins, apiUrl, log, clock }: RefusedOriginsOptions) {
  const own = new URL(apiUrl).origin;
  const pace = new LogPace(clock);
  return ({ headers: { origin } }: IncomingMessage): void => {
    if (origin === undefined || origins.length === 0) return;
    if (origin === own || isAllowedOrigin(origins, origin)) return;
    if (!pace.admits()) return;
    log.warn(
      { origin: origin.slice(0, MAX_SHOWN) },
      "CORS refuses pages of an origin that is not in CORS_ORIGINS",
    );
  };
}
