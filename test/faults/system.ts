import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "@medconnect/dev/engines/server.ts";
import { type Stack, startStack } from "@medconnect/dev/stack/stack.ts";
import type { ProcessName } from "@medconnect/topology/services.ts";
import { licenseAt } from "../support/licensing.ts";
import { HIGH_RATE_LIMITS } from "../support/rate-limits.ts";
import { HttpClient } from "./http-client.ts";
import { isServed, PROBES, type ServiceName } from "./probes.ts";

export const SCHEMA_PREFIX = "faults_";
/** Length of a hold, so short that holds often expire. */
export const HOLD_MS = 5000;

/**
 * Time from the end of an appointment until the system closes its booking, if nobody ends the consultation.
 */
export const UNATTENDED_AFTER_MS = 15_000;

export const SETTINGS = {
  ...HIGH_RATE_LIMITS,
  BOOKING_HOLD: `${HOLD_MS}ms`,
  STUB_PENDING_DELAY: "1s",
  // Time after which billing asks the payment stub for a missing outcome. Short, because the stub responds at
  // once.
  ATTEMPT_LEASE: "3s",
  // Doctors can start any consultation at once.
  EARLY_START: "30d",
  // Doctors can report a no-show right after the start.
  NO_SHOW_AFTER: "0s",
  NO_SHOW_SWEEP: "1s",
  // Short, so that during the run the system closes bookings whose appointment nobody attended. An admin may
  // close such a booking earlier.
  UNATTENDED_AFTER: `${UNATTENDED_AFTER_MS}ms`,
  // Off, because the scenarios look for effects of lost events, and reconciliation would repair these
  // effects.
  RECONCILE_EVERY: "0s",
  // Short, so that the audit trail gets checkpoints during a run.
  AUDIT_CHECKPOINT_EVERY: "5s",
  // Longer than a run of all scenarios, so that no user has to sign in again.
  ACCESS_TOKEN_TTL: "6h",
  LOG_LEVEL: "info",
};

const PROBE_TIMEOUT_MS = 1000;
const PROBE_PAUSE_MS = 50;
const GIVE_UP_MS = 60_000;

const SERVICE_NAMES = Object.keys(PROBES) as ServiceName[];

/** A system with its own databases. It is deleted at the end. */
export class System {
  readonly stack: Stack;
  /** Processes that ended although no scenario ended them. */
  readonly died: string[];
  readonly http: HttpClient;

  constructor(stack: Stack, died: string[]) {
    this.stack = stack;
    this.died = died;
    this.http = new HttpClient(stack.urls.gateway);
  }

  /** Starts a system. @param mysqlUrl URL of an existing server; without it, a private server is started */
  static async start(dataDir: string, signal?: AbortSignal, mysqlUrl?: string): Promise<System> {
    const died: string[] = [];
    const stack = await startStack({
      dataDir,
      mysqlUrl,
      schemaPrefix: SCHEMA_PREFIX,
      env: SETTINGS,
      durable: true,
      onDied: (name, how) => died.push(`${name} ended ${how}`),
      ...(signal && { signal }),
    });
    licenseAt(stack, SCHEMA_PREFIX);
    return new System(stack, died);
  }

  process(name: ProcessName): Server {
    return this.stack.processes[name];
  }

  get mysql(): Server {
    return this.stack.databases.engines.mysql!.server;
  }

  get redis(): Server {
    return this.stack.databases.engines.redis!.server;
  }

  /** Process ids of the gateway and the services. */
  get pids(): number[] {
    return Object.values(this.stack.processes).map(({ pid }) => pid);
  }

  /**
   * Waits until every service answers a patient's reads and writes.
   *
   * @returns the time in ms since `sinceMs`
   */
  async untilWhole(token: string, sinceMs: number): Promise<number> {
    for (;;) {
      const answers = await Promise.all(SERVICE_NAMES.map((name) => this.#serves(name, token)));
      const tookMs = Date.now() - sinceMs;
      if (answers.every(Boolean)) return tookMs;
      if (tookMs > GIVE_UP_MS)
        throw new Error(`Not serving again within ${GIVE_UP_MS} ms: ${SERVICE_NAMES}, ${answers}.`);
      await delay(PROBE_PAUSE_MS);
    }
  }

  /** True if calls through the gateway can read from and write to the service. */
  async #serves(name: ServiceName, token: string): Promise<boolean> {
    const served = PROBES[name].map((probe) => isServed(probe, this.http, token, PROBE_TIMEOUT_MS));
    return (await Promise.all(served)).every(Boolean);
  }

  async stop(): Promise<void> {
    this.http.close();
    await this.stack.stop();
  }
}

/** Freezes a process for a time, like a machine that hangs. Calls `look` while it is still frozen. */
export async function freeze({ pid }: Server, ms: number, look?: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await delay(ms);
    await look?.();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
