import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../call-stats.ts";
import { HttpClient } from "../http-client.ts";
import { OverloadScenario } from "../overload-scenario.ts";
import type { System } from "../system.ts";
import { Notes, type Scenario, seconds } from "./scenario.ts";

const CALLERS = 32;
const WARM_UP_MS = 3000;
const PEAK_MS = { long: 10_000, short: 2000 };
const OVERLOAD_MS = { long: 60_000, short: 3000 };
const TIMES_PEAK = 5;
const GOODPUT = 0.8;
const QUICK_MS = 1000;
const PROBE_EVERY_MS = 500;
const PROBE_TIMEOUT_MS = 2000;

/** Sends more calls than the system can serve. The clients run on the same machine as the system. */
export const overload: Scenario = {
  name: "overload",
  promise: `${TIMES_PEAK} times the bookings that can be served: ${GOODPUT * 100} % of the peak still are, the rest is turned away quickly, health answers`,
  inShort: false,
  run: async ({ system, crowd, random, callStats, isLong }) => {
    const notes = new Notes({ isLong });
    const [peakMs, overloadMs] = isLong
      ? [PEAK_MS.long, OVERLOAD_MS.long]
      : [PEAK_MS.short, OVERLOAD_MS.short];
    const http = new HttpClient(system.stack.urls.gateway);
    const load = new OverloadScenario({ crowd, http, random, callStats });
    try {
      await load.atOnce(CALLERS, WARM_UP_MS);
      const peak = (await load.atOnce(CALLERS, peakMs)).decidedPerSecond;
      const health = new HealthWatch(system);
      const { decidedPerSecond, turnedAwayMs } = await load.atRate(peak * TIMES_PEAK, overloadMs);
      const unhealthy = await health.stop();
      await load.settle();
      const share = decidedPerSecond / peak;
      const p99 = quantile(turnedAwayMs, 0.99);
      notes.fact(
        `peak ${peak.toFixed(0)} a second; of ${(peak * TIMES_PEAK).toFixed(0)}: ${decidedPerSecond.toFixed(0)} (${(share * 100).toFixed(0)} %), ` +
          `${turnedAwayMs.length} refused for overload, p99 after ${seconds(p99)}`,
      );
      notes.expectInTime(share >= GOODPUT, `only ${(share * 100).toFixed(0)} % of the peak was served`);
      notes.expectInTime(p99 <= QUICK_MS, `being turned away took ${seconds(p99)}`);
      notes.expectInTime(unhealthy === 0, `${unhealthy} looks at /healthz were not answered`);
    } finally {
      http.close();
    }
    return notes;
  },
};

/** Probes the gateway's health endpoints over its own connections, like an orchestrator. */
class HealthWatch {
  readonly #http: HttpClient;
  readonly #watching: Promise<void>;
  #failures = 0;
  #stopped = false;

  constructor(system: System) {
    this.#http = new HttpClient(system.stack.urls.gateway);
    this.#watching = this.#watch();
  }

  /** Stops the probes. @returns the number of failed probes */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#watching;
    this.#http.close();
    return this.#failures;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      const { kind } = await this.#http.send("GET /healthz", {}, PROBE_TIMEOUT_MS);
      if (kind !== "ok") this.#failures += 1;
      await delay(PROBE_EVERY_MS);
    }
  }
}
