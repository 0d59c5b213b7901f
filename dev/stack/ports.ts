import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";

export interface ProcessPorts {
  /** Port for gRPC calls; at the gateway, for HTTP. */
  port: number;
  /** Port of /healthz, /readyz and /metrics. */
  metricsPort: number;
}
export type Ports = Record<ProcessName, ProcessPorts>;

const DEFAULTS: Ports = {
  auth: { port: 50051, metricsPort: 9465 },
  scheduling: { port: 50052, metricsPort: 9466 },
  clinical: { port: 50053, metricsPort: 9467 },
  billing: { port: 50054, metricsPort: 9468 },
  gateway: { port: 8080, metricsPort: 9464 },
};

const portSetting = (name: ProcessName) => `${name.toUpperCase()}_PORT`;
const metricsPortSetting = (name: ProcessName) => `${name.toUpperCase()}_METRICS_PORT`;

/** Returns the default ports, or those that settings such as GATEWAY_PORT or AUTH_METRICS_PORT give. */
export function configuredPorts(env: NodeJS.ProcessEnv): Ports {
  const read = (setting: string, fallback: number) => {
    const port = Number(env[setting] || fallback);
    if (Number.isInteger(port) && port > 0 && port < 65536) return port;
    throw new SetupError(`${setting} must be a port from 1 to 65535, not "${env[setting]}".`);
  };
  return forEachProcess((name) => ({
    port: read(portSetting(name), DEFAULTS[name].port),
    metricsPort: read(metricsPortSetting(name), DEFAULTS[name].metricsPort),
  }));
}

/** Chooses free ports for every process. */
export async function freeProcessPorts(): Promise<Ports> {
  const ports = new Map<ProcessName, ProcessPorts>();
  for (const name of PROCESSES) ports.set(name, { port: await freePort(), metricsPort: await freePort() });
  return Object.fromEntries(ports) as Ports;
}

function forEachProcess(choose: (name: ProcessName) => ProcessPorts): Ports {
  return Object.fromEntries(PROCESSES.map((name) => [name, choose(name)])) as Ports;
}

/**
 * Lowest port that is tried. All tried ports are below the range of ephemeral ports, so no outgoing
 * connection can occupy the port of a server that is down.
 */
const FIRST_PORT = 20_000;
/** Ports of a range. */
const RANGE = 60;
const RANGES = 200;
let range: Promise<number> | undefined;
let given = 0;

/**
 * Chooses a free port, and a different one at each call. The server opens the port only seconds later. Until
 * then, another process could choose the same port, so each calling process has a port range of its own.
 */
export async function freePort(): Promise<number> {
  range ??= claimRange();
  const first = await range;
  for (;;) {
    const port = first + 1 + (given++ % (RANGE - 1));
    const listener = await listen(port).catch(() => undefined);
    if (!listener) continue;
    await close([listener]);
    return port;
  }
}

/**
 * Claims a range by its first port, which this process holds until it exits. Returns that port. The search
 * begins at a range that depends on the process id, because most processes then find theirs at once.
 */
async function claimRange(): Promise<number> {
  for (let tried = 0; tried < RANGES; tried++) {
    const first = FIRST_PORT + ((process.pid + tried) % RANGES) * RANGE;
    const listener = await listen(first).catch(() => undefined);
    if (!listener) continue;
    listener.unref();
    return first;
  }
  throw new SetupError(`All ${RANGES} port ranges from ${FIRST_PORT} on are in use.`);
}

/** Throws if a port is in use, or if two settings have the same port. */
export async function refuseBusyPorts(ports: Ports): Promise<void> {
  const wanted = PROCESSES.flatMap((name) => [
    { port: ports[name].port, setting: portSetting(name) },
    { port: ports[name].metricsPort, setting: metricsPortSetting(name) },
  ]);
  const listeners: Server[] = [];
  try {
    for (const { port, setting } of wanted) {
      listeners.push(
        await listen(port).catch((error: NodeJS.ErrnoException) => {
          const reason = error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code})`;
          throw new SetupError(`Port ${port} ${reason}; choose another with ${setting}.`);
        }),
      );
    }
  } finally {
    await close(listeners);
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function close(servers: Server[]): Promise<void> {
  await Promise.all(servers.map((server) => once(server.close(), "close")));
}
