import { join } from "node:path";
import { createAdmin } from "@medconnect/deploy/local/create-admin.ts";
import { PROCESSES, type ProcessName } from "@medconnect/deploy/local/ports.ts";
import { type Stack, startStack } from "@medconnect/deploy/local/stack.ts";
import { ADMIN } from "./load/members.ts";

/** Processes whose CPU time is counted. */
export const PARTS = [...PROCESSES, "mysql", "redis"] as const;
export type Part = ProcessName | "mysql" | "redis";

export type Tracing = "off" | "on";

/** A whole system under measurement. */
export interface Subject {
  tracing: Tracing;
  url: string;
  pids: Record<Part, number>;
}

export interface Subjects {
  off: Subject;
  on: Subject;
  stop(): Promise<void>;
}

export interface SubjectOptions {
  dataDir: string;
  /** Whether MySQL and Redis must keep over a crash what they acknowledged. */
  durable: boolean;
  /** Takes the traces. */
  sinkUrl: string;
  signal: AbortSignal;
}

const ENV = {
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_READ: "0",
  RATE_LIMIT_WRITE: "0",
  RATE_LIMIT_SEARCH: "0",
  RATE_LIMIT_ADDRESS: "0",
  RATE_LIMIT_ADDRESS_ANONYMOUS: "0",
  // Nobody has to sign in again while it runs.
  ACCESS_TOKEN_TTL: "1h",
};

/**
 * Starts the system twice, without tracing and with all traces sent, on one MySQL and one Redis. Both stay up and warm,
 * and the load goes to one at a time: so they can take turns every few seconds, and what else the machine does meets both
 * alike. Restarting one system with other settings for each turn would have it measured cold, or spend the time on warming
 * it up. What the one that waits costs (its polls of MySQL and Redis) is measured too, and subtracted.
 */
export async function startSubjects({
  dataDir,
  durable,
  sinkUrl,
  signal,
}: SubjectOptions): Promise<Subjects> {
  const off = await startStack({
    dataDir: join(dataDir, "off"),
    durable,
    signal,
    env: { ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: "" },
  });
  try {
    const on = await startStack({
      dataDir: join(dataDir, "on"),
      mysqlUrl: off.urls.mysql,
      redisUrl: `${off.urls.redis}/1`,
      schemaPrefix: "traced_",
      signal,
      env: { ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl, OTEL_TRACES_SAMPLER_ARG: "1" },
    });
    for (const stack of [off, on]) await createAdmin(stack, ADMIN);
    const engines = {
      mysql: off.databases.engines.mysql!.server.pid,
      redis: off.databases.engines.redis!.server.pid,
    };
    return {
      off: { tracing: "off", url: off.urls.gateway, pids: { ...pidsOf(off), ...engines } },
      on: { tracing: "on", url: on.urls.gateway, pids: { ...pidsOf(on), ...engines } },
      stop: async () => {
        await on.stop();
        await off.stop();
      },
    };
  } catch (error) {
    await off.stop();
    throw error;
  }
}

function pidsOf({ processes }: Stack): Record<ProcessName, number> {
  return Object.fromEntries(PROCESSES.map((name) => [name, processes[name].pid])) as Record<
    ProcessName,
    number
  >;
}
