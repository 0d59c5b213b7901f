import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { isStarting } from "../time/start-up.ts";

const PAUSE_MS = 500;

/** Repeats `ask` until the database can be reached. Rethrows any error other than UNAVAILABLE. */
export async function untilReachable<T>(ask: () => Promise<T>, log: Logger): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === "UNAVAILABLE")) throw error;
      if (!isStarting()) log.warn({ err: error }, "waiting for the database");
      await delay(PAUSE_MS);
    }
  }
}
