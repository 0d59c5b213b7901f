import { ensureBundles } from "@medconnect/deploy/bundles/bundles.ts";
import { ensureCertificates } from "@medconnect/ops/certificates/certificate-folder.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { provision, SCHEMA_PREFIX } from "@medconnect/ops/schemas/provision.ts";
import { PROCESSES, type ProcessName, SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Server } from "../engines/server.ts";
import { type Progress, silent } from "../terminal/progress.ts";
import { DataFolder } from "./data-folder.ts";
import { DATABASE_STEPS, type Databases, startDatabases } from "./databases.ts";
import { freeProcessPorts, type Ports, refuseBusyPorts } from "./ports.ts";
import { addressesOf, makeProcesses, type Processes, type Program } from "./processes.ts";

export interface StackOptions {
  /** Folder of this system's databases, secrets, logs and stack.json. */
  dataDir: string;
  /** URLs of an existing MySQL (as administrator) and Redis; absent to start private servers. */
  mysqlUrl?: string | undefined;
  redisUrl?: string | undefined;
  /** Ports of the processes; default: free ports. */
  ports?: Ports;
  /** Prefix of the schemas' names. */
  schemaPrefix?: string;
  /**
   * True to use mutual TLS for gRPC. Makes certificates in the data folder, and one for a client on this
   * machine.
   */
  mtls?: boolean;
  /** Settings for all processes, in addition to the environment of this one. */
  env?: NodeJS.ProcessEnv;
  envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>>;
  /** True if private databases must not lose acknowledged writes in a crash. */
  durable?: boolean;
  /** Whether the processes run bundles or the sources. Default: bundles, rebuilt if a source has changed. */
  runs?: Program;
  /** Where the output of the processes goes: to the console, or to `<dataDir>/logs/<name>.log`. */
  logs?: "console" | "files";
  progress?: Progress;
  signal?: AbortSignal;
  /** Called when a process or private database ends although nobody stopped it. */
  onDied?: (name: string, how: string) => void;
}

export interface Stack {
  dataDir: string;
  /** Path of stack.json, which has the URLs, addresses, ports and process ids. */
  file: string;
  /** `http://host:port` of each process; for MySQL and Redis, URLs with the administrator's password. */
  urls: Record<ProcessName | "mysql" | "redis", string>;
  /** Address of each service for gRPC, as host:port. */
  addresses: Record<ServiceName, string>;
  /**
   * Folder of the certificates. It has a folder for each process, and clients/local. Undefined without mutual
   * TLS.
   */
  certificates: string | undefined;
  ports: Ports;
  /** Folder to which mails are written instead of being sent. */
  mailFolder: string;
  databases: Databases;
  /**
   * The processes, which can be stopped, killed and restarted. Changes of their `env` take effect at the next
   * start.
   */
  processes: Processes;
  /** Stops the gateway, the services and the databases, in this order. Each first finishes its requests. */
  stop(): Promise<void>;
}

/** Name of the client whose certificate is used for manual calls. */
export const LOCAL_CLIENT = "local";
const CERTIFICATE_DAYS = 90;

/** Number of steps that `startStack` reports. */
export const STACK_STEPS = DATABASE_STEPS + 2;

/** Starts databases and processes, and returns when all are ready. If the start fails, stops everything. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { mysqlUrl, redisUrl, env, envOf, signal, onDied } = options;
  const { schemaPrefix = SCHEMA_PREFIX, durable = true, logs = "files", progress = silent } = options;
  const { mtls = false, runs = "bundles" } = options;
  const ports = options.ports ?? (await freeProcessPorts());
  await refuseBusyPorts(ports);
  const folder = new DataFolder(options.dataDir);
  const certificates = mtls ? folder.file("certificates") : undefined;
  if (certificates) {
    await ensureCertificates(certificates, { clients: [LOCAL_CLIENT], days: CERTIFICATE_DAYS, renew: true });
  }
  const built = runs === "bundles" ? ensureBundles() : Promise.resolve();
  // Prevents an unhandled rejection. The `await` below throws the error, and the databases are stopped.
  built.catch(() => undefined);
  const databases = await startDatabases({ folder, mysqlUrl, redisUrl, durable, progress, signal });
  const processes = makeProcesses({
    folder,
    databases,
    ports,
    schemaPrefix,
    certificates,
    env,
    envOf,
    runs,
    logs,
  });

  const stop = async () => {
    await processes.gateway.stop();
    await Promise.all(SERVICES.map((name) => processes[name].stop()));
    await databases.stop();
  };

  try {
    progress.step("Schemas, users and migrations");
    if (mysqlUrl && folder.isNew) await refuseForeignSchemas(mysqlUrl, schemaPrefix, folder);
    const passwords = folder.secrets.databasePasswords;
    await provision({ adminUrl: databases.mysqlUrl, prefix: schemaPrefix, passwords });
    signal?.throwIfAborted();

    await built;
    progress.step(`Processes: ${PROCESSES.join(", ")}`);
    await Promise.all(PROCESSES.map((name) => processes[name].start(signal)));

    const urls = Object.fromEntries(PROCESSES.map((name) => [name, `http://127.0.0.1:${ports[name].port}`]));
    const stack: Stack = {
      dataDir: folder.path,
      file: folder.file("stack.json"),
      urls: { ...urls, mysql: databases.mysqlUrl, redis: databases.redisUrl } as Stack["urls"],
      addresses: addressesOf(ports),
      certificates,
      ports,
      mailFolder: folder.mailFolder,
      databases,
      processes,
      stop,
    };
    watch(stack, folder, onDied);
    return stack;
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Throws if the schemas belong to another data folder. Their data is encrypted with that folder's keys, so
 * the services would fail to start.
 */
async function refuseForeignSchemas(adminUrl: string, prefix: string, folder: DataFolder): Promise<void> {
  const admin = await connectAdmin(adminUrl);
  const [found] = await admin.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", [
    `${prefix}auth`,
  ]);
  await admin.end();
  if (Array.isArray(found) && found.length === 0) return;
  folder.forgetSecrets();
  throw new SetupError(
    `The schemas ${prefix}* in MYSQL_URL belong to another data folder, which has their keys; ` +
      "choose that with --data-dir, or drop the schemas.",
  );
}

/** Updates stack.json whenever a server starts, and calls `onDied` when one ends by itself. */
function watch(stack: Stack, folder: DataFolder, onDied: StackOptions["onDied"]): void {
  for (const server of serversOf(stack)) {
    if (!server.running) throw new SetupError(`${server.name} ended during the start of the others.`);
    server.on("started", () => writeStackFile(stack, folder));
    server.on("died", (how) => onDied?.(server.name, how));
  }
  writeStackFile(stack, folder);
}

function writeStackFile(stack: Stack, folder: DataFolder): void {
  const { urls, addresses, certificates, ports, mailFolder, databases } = stack;
  const portsOf = (kind: "port" | "metricsPort") =>
    Object.fromEntries(PROCESSES.map((name) => [name, ports[name][kind]]));
  const enginePorts = Object.entries(databases.engines).map(([name, { port }]) => [name, port]);
  const pids = serversOf(stack).map((server) => [server.name, server.pid]);
  folder.writePrivate("stack.json", {
    urls,
    addresses,
    ...(certificates !== undefined && { certificates }),
    ports: { ...portsOf("port"), ...Object.fromEntries(enginePorts) },
    metricsPorts: portsOf("metricsPort"),
    pids: { launcher: process.pid, ...Object.fromEntries(pids) },
    logs: folder.file("logs"),
    mailFolder,
  });
}

function serversOf({ processes, databases }: Stack): Server[] {
  return [...Object.values(processes), ...Object.values(databases.engines).map(({ server }) => server)];
}
