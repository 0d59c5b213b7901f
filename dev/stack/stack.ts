import type { Server as HttpServer } from "node:http";
import { join } from "node:path";
import { ensureCertificates } from "@medconnect/ops/certificates/certificate-folder.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { onOneServer, provision, SCHEMA_PREFIX } from "@medconnect/ops/schemas/provision.ts";
import { PROCESSES, type ProcessName, SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Server } from "../engines/server.ts";
import { type Progress, silent } from "../terminal/progress.ts";
import { startTraceServer } from "../traces/trace-server.ts";
import { DataFolder } from "./data-folder.ts";
import { DATABASE_STEPS, type Databases, startDatabases } from "./databases.ts";
import { freeProcessPorts, type Ports, refuseBusyPorts, tracesUrlAt } from "./ports.ts";
import { addressesOf, makeProcesses, type Processes } from "./processes.ts";
import { BUNDLES, type Program } from "./programs.ts";

export interface StackOptions {
  /** Folder of this system's databases, secrets, logs and stack.json. */
  dataDir: string;
  /** URLs of an existing MySQL (with the administrator's login) and Redis. If absent, starts private ones. */
  mysqlUrl?: string | undefined;
  redisUrl?: string | undefined;
  /** Ports of the processes. Default: free ports. */
  ports?: Ports;
  /** Prefix of the names of all database schemas. */
  schemaPrefix?: string;
  /**
   * True to use mutual TLS for gRPC. Then the data folder gets certificates for the processes, and one for a
   * client on this machine.
   */
  mtls?: boolean;
  /** True to let `npm run clock` advance business time. */
  sandboxClock?: boolean;
  /** Port at which the processes' traces are received and shown. If absent, they are not. */
  tracesPort?: number | undefined;
  /** Environment variables for all processes. They override those that the processes inherit. */
  env?: NodeJS.ProcessEnv;
  envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>>;
  /** True if private databases must not lose acknowledged writes in a crash. */
  durable?: boolean;
  /** Code that the processes run. Default: bundles, which are rebuilt if a source has changed. */
  program?: Program;
  /**
   * Called with each line that a process writes to its file `<dataDir>/logs/<name>.log`, and with the line's
   * place there, as path:line.
   */
  onLine?: (name: ProcessName, line: string, place: string) => void;
  progress?: Progress;
  signal?: AbortSignal;
  /** Called when a process or private database ends although `stop` was not called. */
  onDied?: (name: string, how: string) => void;
}

export interface Stack {
  dataDir: string;
  /** Path of stack.json, which has the URLs, addresses, ports and process ids. */
  file: string;
  /**
   * URL of each server. Those of MySQL and Redis contain the administrator's password. `traces`, if there is
   * such a server, lists the traces; a path `/<trace id>` shows one.
   */
  urls: Record<ProcessName | "mysql" | "redis", string> & { traces?: string };
  /** Address of each service for gRPC, as host:port. */
  addresses: Record<ServiceName, string>;
  /**
   * Folder of the certificates. It has a folder for each process, and clients/local. Undefined without mutual
   * TLS.
   */
  certificates: string | undefined;
  /** File of the advances of business time; undefined without a sandbox clock. */
  sandboxClock: string | undefined;
  ports: Ports;
  /** Folder to which mails are written instead of being sent. */
  mailFolder: string;
  /** Folder of the log files, one of each process and database. */
  logFolder: string;
  databases: Databases;
  /**
   * The processes. Each can be stopped, killed and restarted. A change of its `env` takes effect at its next
   * start.
   */
  processes: Processes;
  /** Stops the gateway, then the services, then the databases. Each finishes its current requests first. */
  stop(): Promise<void>;
}

/** Name of the client certificate for manual calls from this machine. */
export const LOCAL_CLIENT = "local";
const CERTIFICATE_DAYS = 90;

/** Number of steps that `startStack` reports. */
export const STACK_STEPS = DATABASE_STEPS + 2;

/** Starts databases and processes. Returns when all are ready. If one fails to start, stops all of them. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { mysqlUrl, redisUrl, env, envOf, signal, onDied } = options;
  const { schemaPrefix = SCHEMA_PREFIX, durable = true, progress = silent } = options;
  const { mtls = false, program = BUNDLES, onLine, tracesPort } = options;
  const ports = options.ports ?? (await freeProcessPorts());
  await refuseBusyPorts(ports, { traces: tracesPort });
  const folder = new DataFolder(options.dataDir);
  const certificates = mtls ? folder.file("certificates") : undefined;
  if (certificates) {
    await ensureCertificates(certificates, { clients: [LOCAL_CLIENT], days: CERTIFICATE_DAYS, renew: true });
  }
  const sandboxClock = options.sandboxClock ? folder.file("sandbox-clock") : undefined;
  const built = program.build();
  // Prevents an unhandled rejection. The later `await` throws the same error, after which the databases are
  // stopped.
  built.catch(() => undefined);
  const databases = await startDatabases({ folder, mysqlUrl, redisUrl, durable, progress, signal });
  const tracesUrl = tracesUrlAt(tracesPort);
  const processes = makeProcesses({
    folder,
    databases,
    ports,
    schemaPrefix,
    certificates,
    sandboxClock,
    tracesUrl,
    env,
    envOf,
    program,
    onLine,
  });

  let traces: HttpServer | undefined;

  const stop = async () => {
    await processes.gateway.stop();
    await Promise.all(SERVICES.map((name) => processes[name].stop()));
    traces?.close().closeAllConnections();
    await databases.stop();
  };

  try {
    if (tracesPort !== undefined) traces = await startTraceServer(tracesPort);
    progress.step("Schemas, users and migrations");
    if (mysqlUrl && folder.isNew) await refuseForeignSchemas(mysqlUrl, schemaPrefix, folder);
    const passwords = folder.secrets.databasePasswords;
    await provision({ ...onOneServer(databases.mysqlUrl, schemaPrefix), passwords });
    signal?.throwIfAborted();

    await built;
    progress.step(`Processes: ${PROCESSES.join(", ")}`);
    await Promise.all(PROCESSES.map((name) => processes[name].start(signal)));

    const urls = Object.fromEntries(PROCESSES.map((name) => [name, `http://127.0.0.1:${ports[name].port}`]));
    const stack: Stack = {
      dataDir: folder.path,
      file: folder.file("stack.json"),
      urls: {
        ...urls,
        mysql: databases.mysqlUrl,
        redis: databases.redisUrl,
        ...(tracesUrl !== undefined && { traces: tracesUrl }),
      } as Stack["urls"],
      addresses: addressesOf(ports),
      certificates,
      sandboxClock,
      ports,
      mailFolder: folder.mailFolder,
      logFolder: folder.file("logs"),
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
 * Throws if the database schemas belong to another data folder. Their data is encrypted with keys of that
 * folder, so the services could not read the data, and would fail to start.
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
  const { urls, addresses, certificates, sandboxClock, ports, mailFolder, logFolder, databases } = stack;
  const portsOf = (kind: "port" | "metricsPort") =>
    Object.fromEntries(PROCESSES.map((name) => [name, ports[name][kind]]));
  const enginePorts = Object.entries(databases.engines).map(([name, { port }]) => [name, port]);
  const pids = serversOf(stack).map((server) => [server.name, server.pid]);
  folder.writePrivate("stack.json", {
    urls,
    addresses,
    ...(certificates !== undefined && { certificates }),
    ...(sandboxClock !== undefined && { sandboxClock, clockCommand: clockCommandFor(folder.path) }),
    ports: { ...portsOf("port"), ...Object.fromEntries(enginePorts) },
    metricsPorts: portsOf("metricsPort"),
    pids: { launcher: process.pid, ...Object.fromEntries(pids) },
    logs: logFolder,
    mailFolder,
  });
}

/** Command that shows and advances business time. `medconnect clock` runs it, too. */
const clockCommandFor = (dataDir: string): string[] => [
  process.execPath,
  join(import.meta.dirname, "../clock.ts"),
  "--data-dir",
  dataDir,
];

function serversOf({ processes, databases }: Stack): Server[] {
  return [...Object.values(processes), ...Object.values(databases.engines).map(({ server }) => server)];
}
