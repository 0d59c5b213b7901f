import { join } from "node:path";
import { createAdmin } from "@medconnect/dev/stack/create-admin.ts";
import { startStack } from "@medconnect/dev/stack/stack.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { ADMIN } from "./load/members.ts";

export interface System {
  name: "medconnect" | "reference" | "traced" | "large";
  url: string;
  /** Process ids whose CPU time counts, by name. */
  pids: Record<string, number>;
  /** Those of `pids` that run Node. */
  nodePids: Record<string, number>;
  stop(): Promise<void>;
}

export interface Medconnect extends System {
  /** URL of MySQL with an administrator's password. */
  mysqlUrl: string;
}

export interface SystemOptions {
  dataDir: string;
  /** True if MySQL and Redis must keep acknowledged writes over a crash, which is slower. */
  durable: boolean;
  signal: AbortSignal;
}

/** Above any load, so that requests are counted as in production, but never refused. */
const UNREACHED = "1000000";

const ENV = {
  // Sign-ins prepare the load and are not measured.
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_ADDRESS_ANONYMOUS: "0",
  RATE_LIMIT_READ: UNREACHED,
  RATE_LIMIT_WRITE: UNREACHED,
  RATE_LIMIT_SEARCH: UNREACHED,
  RATE_LIMIT_ADDRESS: UNREACHED,
  // All clients share one address, which could run only 15 searches at once by default.
  MAX_CONCURRENT_REQUESTS: "1024",
  // Longer than a run, so that nobody signs in again.
  ACCESS_TOKEN_TTL: "2h",
  OTEL_EXPORTER_OTLP_ENDPOINT: "",
};

/**
 * Starts MedConnect on a private MySQL and Redis. All systems stay up and warm, and get the load in turns of
 * a few seconds, so that noise of the machine affects them alike.
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

/** Settings that send every trace to `sinkUrl`. */
export const tracingTo = (sinkUrl: string): NodeJS.ProcessEnv => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl,
  OTEL_TRACES_SAMPLER_ARG: "1",
});
