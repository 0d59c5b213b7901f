import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "@medconnect/dev/engines/server.ts";
import { DataFolder } from "@medconnect/dev/stack/data-folder.ts";
import { DATABASE_STEPS, type Databases, startDatabases } from "@medconnect/dev/stack/databases.ts";
import { freeProcessPorts, type Ports } from "@medconnect/dev/stack/ports.ts";
import { BUNDLES } from "@medconnect/dev/stack/programs.ts";
import { terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { PROCESSES, type ProcessName, SERVICES } from "@medconnect/topology/services.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Databases and certificates of this machine, in place of those of a cluster. */
export interface Place {
  readonly databases: Databases;
  /** Folder with the certificate of each process. */
  readonly certificates: string;
}

export type Environments = Readonly<Record<ProcessName, Readonly<Record<string, string>>>>;

/** Calls `use` with empty databases. */
export async function withDatabases(use: (databases: Databases) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "medconnect-kubernetes-"));
  const progress = terminalProgress(DATABASE_STEPS);
  const databases = await startDatabases({ folder: new DataFolder(folder), durable: false, progress });
  try {
    await use(databases);
  } finally {
    await databases.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the Job that creates schemas, users and tables, with exactly its environment. Throws if it fails. */
export function migrate(
  [command, ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  { mysqlUrl }: Databases,
): void {
  const env = { ...environment, ...(environment.MYSQL_URL && { MYSQL_URL: mysqlUrl }) };
  execFileSync(process.execPath, [join(ROOT, `ops/${command}.mjs`), ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Starts each process with its environment, until all are ready, and stops them. Throws if one does not start. */
export async function rehearse(environments: Environments, place: Place): Promise<void> {
  const ports = await freeProcessPorts();
  const servers = PROCESSES.map((name) => serverOf(name, environments[name], ports, place));
  try {
    await Promise.all(servers.map((server) => server.start()));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function serverOf(
  name: ProcessName,
  environment: Environments[ProcessName],
  ports: Ports,
  place: Place,
): Server {
  const { metricsPort } = ports[name];
  return new Server({
    name,
    command: process.execPath,
    args: BUNDLES.argsOf(name),
    cwd: ROOT,
    logFile: join(place.certificates, `../${name}.log`),
    // The image sets NODE_ENV.
    env: { NODE_ENV: "production", ...here(name, environment, ports, place) },
    ready: async () =>
      (await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined))?.ok === true,
  });
}

/** Replaces only what names a place in the cluster: addresses, ports and mounted folders. */
function here(
  name: ProcessName,
  environment: Environments[ProcessName],
  ports: Ports,
  { databases, certificates }: Place,
): NodeJS.ProcessEnv {
  const mysql = new URL(databases.mysqlUrl).host;
  const replaced: Record<string, (value: string) => string> = {
    HOST: () => "127.0.0.1",
    PORT: () => `${ports[name].port}`,
    METRICS_PORT: () => `${ports[name].metricsPort}`,
    REDIS_URL: () => databases.redisUrl,
    DATABASE_URL: (url) => url.replace("@mysql:3306/", `@${mysql}/`),
    ...Object.fromEntries(
      SERVICES.map((service) => [
        `${service.toUpperCase()}_ADDRESS`,
        (address: string) => address.replace(/[\w-]+:\d+$/, `127.0.0.1:${ports[service].port}`),
      ]),
    ),
    ...Object.fromEntries(
      ["TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"].map((setting) => [
        setting,
        (path: string) => path.replace("/tls/", `${certificates}/${name}/`),
      ]),
    ),
  };
  return Object.fromEntries(
    Object.entries(environment).map(([setting, value]) => [setting, replaced[setting]?.(value) ?? value]),
  );
}
