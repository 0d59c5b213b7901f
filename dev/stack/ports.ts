import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import { ownerOf } from "./port-owner.ts";

export interface ProcessPorts {
  /** Port for gRPC calls; at the gateway, for HTTP. */
  port: number;
  /** Port of /healthz, /readyz and /metrics. */
  metricsPort: number;
}
export type Ports = Record<ProcessName, ProcessPorts>;
export type InspectorPorts = Record<ProcessName, number>;

const DEFAULTS: Ports = {
  auth: { port: 50051, metricsPort: 9465 },
  scheduling: { port: 50052, metricsPort: 9466 },
  clinical: { port: 50053, metricsPort: 9467 },
  billing: { port: 50054, metricsPort: 9468 },
  gateway: { port: 8080, metricsPort: 9464 },
};

/** Ports at which debuggers attach under `npm run dev`. `.vscode/launch.json` lists them. */
const INSPECTORS: InspectorPorts = {
  gateway: 9229,
  auth: 9230,
  scheduling: 9231,
  clinical: 9232,
  billing: 9233,
};

const TRACES_PORT = 9469;

/**
 * Ports from 1024 on that browsers block, and Node's fetch too, with which the launcher asks whether a process is
 * ready (Fetch standard, https://fetch.spec.whatwg.org/#port-blocking).
 */
const BLOCKED: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

const portSetting = (name: ProcessName) => `${name.toUpperCase()}_PORT`;
const metricsPortSetting = (name: ProcessName) => `${name.toUpperCase()}_METRICS_PORT`;
const inspectorSetting = (name: ProcessName) => `${name.toUpperCase()}_INSPECTOR_PORT`;

/**
 * Returns the default ports, or those that settings such as GATEWAY_PORT or AUTH_METRICS_PORT give, each plus
 * the offset.
 */
export function configuredPorts(env: NodeJS.ProcessEnv, offset = 0): Ports {
  return forEachProcess((name) => ({
    port: (name === "gateway" ? httpPortIn : portIn)(env, portSetting(name), DEFAULTS[name].port, offset),
    metricsPort: httpPortIn(env, metricsPortSetting(name), DEFAULTS[name].metricsPort, offset),
  }));
}

/** Inspector ports of the processes, or those that settings such as AUTH_INSPECTOR_PORT give, each plus the offset. */
export const inspectorPorts = (env: NodeJS.ProcessEnv, offset = 0): InspectorPorts =>
  forEachProcess((name) => portIn(env, inspectorSetting(name), INSPECTORS[name], offset));

/** Port of the pages of traces, or that in TRACES_PORT, plus the offset. */
export const configuredTracesPort = (env: NodeJS.ProcessEnv, offset = 0): number =>
  httpPortIn(env, "TRACES_PORT", TRACES_PORT, offset);

/** URL of the pages of traces; undefined if there are none. */
export const tracesUrlAt = (port: number | undefined): string | undefined =>
  port === undefined ? undefined : `http://127.0.0.1:${port}`;

/** Chooses free ports for every process. */
export async function freeProcessPorts(): Promise<Ports> {
  const ports = new Map<ProcessName, ProcessPorts>();
  for (const name of PROCESSES) ports.set(name, { port: await freePort(), metricsPort: await freePort() });
  return Object.fromEntries(ports) as Ports;
}

function forEachProcess<T>(choose: (name: ProcessName) => T): Record<ProcessName, T> {
  return Object.fromEntries(PROCESSES.map((name) => [name, choose(name)])) as Record<ProcessName, T>;
}

/** Reads a port from its setting, plus the offset. Throws SetupError if that is no port. */
function portIn(env: NodeJS.ProcessEnv, setting: string, fallback: number, offset: number): number {
  const port = Number(env[setting] || fallback) + offset;
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SetupError(
    `${shifted(setting, offset)} must be a port from 1 to 65535, not "${env[setting] || port}".`,
  );
}

/** The same for a port that serves HTTP. Throws SetupError if browsers block it, too. */
const httpPortIn: typeof portIn = (env, setting, fallback, offset) => {
  const port = portIn(env, setting, fallback, offset);
  if (!BLOCKED.has(port)) return port;
  throw new SetupError(
    `${shifted(setting, offset)} is ${port}, which browsers block as a port of another protocol. Choose another one.`,
  );
};

const shifted = (setting: string, offset: number): string =>
  offset === 0 ? setting : `${setting} with --port-offset ${offset}`;

/**
 * Lowest port that is tried. All tried ports are below the range of ephemeral ports, so no outgoing
 * connection can occupy the port of a server that is down.
 */
const FIRST_PORT = 20_000;
/** Ports of a range. */
const RANGE = 60;
const RANGES = 200;
/** Claimed ports: the first one, and how many of those after it were given. */
interface Range {
  readonly first: number;
  given: number;
}
let range: Promise<Range> | undefined;

/**
 * Chooses a free port, and a different one at each call. The server opens the port only seconds later. Until
 * then, another process could choose the same port, so each calling process has port ranges of its own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    range ??= claimRange();
    const claimed = range;
    const own = await claimed;
    if (own.given === RANGE - 1) {
      if (range === claimed) range = undefined;
      continue;
    }
    const port = own.first + ++own.given;
    const listener = await listen(port).catch(() => undefined);
    if (!listener) continue;
    await close([listener]);
    return port;
  }
}

/**
 * Claims a range by its first port, which this process holds until it exits. The search begins at a range
 * that depends on the process id, because most processes then find theirs at once.
 */
async function claimRange(): Promise<Range> {
  for (let tried = 0; tried < RANGES; tried++) {
    const first = FIRST_PORT + ((process.pid + tried) % RANGES) * RANGE;
    const listener = await listen(first).catch(() => undefined);
    if (!listener) continue;
    listener.unref();
    return { first, given: 0 };
  }
  throw new SetupError(`All ${RANGES} port ranges from ${FIRST_PORT} on are in use.`);
}

/** Throws with all ports that are in use and who uses them, or with two settings that have the same port. */
export async function refuseBusyPorts(
  ports: Ports,
  { inspectors, traces }: { inspectors?: InspectorPorts | undefined; traces?: number | undefined } = {},
): Promise<void> {
  const settings = new Map<number, string>();
  const wanted: [number, string][] = PROCESSES.flatMap((name) => [
    [ports[name].port, portSetting(name)],
    [ports[name].metricsPort, metricsPortSetting(name)],
    ...(inspectors ? [[inspectors[name], inspectorSetting(name)] as [number, string]] : []),
  ]);
  if (traces !== undefined) wanted.push([traces, "TRACES_PORT"]);
  for (const [port, setting] of wanted) {
    const other = settings.get(port);
    if (other) throw new SetupError(`${other} and ${setting} are both ${port}.`);
    settings.set(port, setting);
  }
  const problems = await Promise.all([...settings].map(([port, setting]) => problemOf(port, setting)));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length === 0) return;
  throw new SetupError(
    `${found.join("\n")}\nFor a second system, use --port-offset N and a --data-dir of its own; or set the named settings.`,
  );
}

/** Says why a port cannot be opened; undefined if it can. */
async function problemOf(port: number, setting: string): Promise<string | undefined> {
  try {
    await close([await listen(port)]);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") return `Port ${port} (${setting}) cannot be used: ${code}.`;
    return `Port ${port} (${setting}) is in use by ${ownerOf(port) ?? "another process"}.`;
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
