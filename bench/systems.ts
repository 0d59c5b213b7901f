import { join } from "node:path";
import { createAdmin } from "@medconnect/dev/stack/create-admin.ts";
import { startStack } from "@medconnect/dev/stack/stack.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { ADMIN } from "./load/members.ts";

/** A whole system under measurement. */
export interface System {
  name: "medconnect" | "reference" | "traced" | "large";
  url: string;
  /** Processes whose CPU time is counted, by name. */
  pids: Record<string, number>;
  /** Those of them that run Node. */
  nodePids: Record<string, number>;
  stop(): Promise<void>;
}

export interface Medconnect extends System {
  /** As administrator. */
  mysqlUrl: string;
}

export interface SystemOptions {
  dataDir: string;
  /** Whether MySQL and Redis must keep over a crash what they acknowledged. */
  durable: boolean;
  signal: AbortSignal;
}

/** Requests a minute that no load reaches. Counting them costs what it costs in production; the reference counts, too. */
const UNREACHED = "1000000";

const ENV = {
  // Sign-ins prepare the load and are not measured.
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_ADDRESS_ANONYMOUS: "0",
  RATE_LIMIT_READ: UNREACHED,
  RATE_LIMIT_WRITE: UNREACHED,
  RATE_LIMIT_SEARCH: UNREACHED,
  RATE_LIMIT_ADDRESS: UNREACHED,
  // All clients have one address, which could run 15 searches at once.
  MAX_CONCURRENT_REQUESTS: "1024",
  // Nobody has to sign in again while it runs.
  ACCESS_TOKEN_TTL: "2h",
  OTEL_EXPORTER_OTLP_ENDPOINT: "",
};

/**
 * Starts MedConnect on a MySQL and a Redis of its own. All systems stay up and warm, and the load goes to one at a time: so
 * they take turns every few seconds, and whatever else the machine does meets them alike.
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

/** The settings that send every trace to `sinkUrl`. */
export const tracingTo = (sinkUrl: string): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl,
  OTEL_TRACES_SAMPLER_ARG: "1",
});
