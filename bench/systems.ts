import { join } from "node:path";
import { createAdmin } from "@medconnect/dev/stack/create-admin.ts";
import { startStack } from "@medconnect/dev/stack/stack.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { ADMIN } from "./load/members.ts";

export interface System {
  name: "medconnect" | "reference" | "traced" | "large";
  url: string;
  /** Process ids by name. Their CPU time is the cost of the system. */
  pids: Record<string, number>;
  /** The entries of `pids` for processes that run Node. */
  nodePids: Record<string, number>;
  stop(): Promise<void>;
}

export interface Medconnect extends System {
  /** URL of the system's MySQL, with the administrator's password. */
  mysqlUrl: string;
}

export interface SystemOptions {
  dataDir: string;
  /** True if MySQL and Redis must not lose acknowledged writes in a crash, which makes writes slower. */
  durable: boolean;
  signal: AbortSignal;
}

/** A rate limit that no load reaches: requests are counted as in production, but never refused. */
const UNREACHED = "1000000";

const ENV = {
  // No limits for sign-ins. They prepare the load, and are not measured.
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_ADDRESS_ANONYMOUS: "0",
  RATE_LIMIT_READ: UNREACHED,
  RATE_LIMIT_WRITE: UNREACHED,
  RATE_LIMIT_SEARCH: UNREACHED,
  RATE_LIMIT_ADDRESS: UNREACHED,
  // All clients have the same address, which by default may run only 15 searches at the same time.
  MAX_CONCURRENT_REQUESTS: "1024",
  // Longer than a run of the benchmark, so that no client has to sign in again.
  ACCESS_TOKEN_TTL: "2h",
  OTEL_EXPORTER_OTLP_ENDPOINT: "",
};

/**
 * Starts MedConnect on its own MySQL and Redis. All systems run during the whole benchmark, but only one is
 * under load at a time, for a few seconds. So other work on the machine affects all systems alike.
 */
export async function startMedconnect(
  name: System["name"],
  { dataDir, durable, signal }: SystemOptions,
  env: NodeJS.ProcessEnv = {},
): Promise<Medconnect> {
  const stack = await startStack({
    dataDir: join(dataDir, name),
    durable,
    signal,
    env: { ...ENV, ...env },
  });
  try {
    await createAdmin(stack, ADMIN);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const { mysql, redis } = stack.databases.engines;
  const nodePids = Object.fromEntries(PROCESSES.map((process) => [process, stack.processes[process].pid]));
  return {
    name,
    url: stack.urls.gateway,
    mysqlUrl: stack.urls.mysql,
    pids: { ...nodePids, mysql: mysql!.server.pid, redis: redis!.server.pid },
    nodePids,
    stop: () => stack.stop(),
  };
}

/** Settings that make MedConnect send every trace to `sinkUrl`. */
export const tracingTo = (sinkUrl: string): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl,
  OTEL_TRACES_SAMPLER_ARG: "1",
});
