import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { launcherOf, MAINS } from "@medconnect/deploy/bundles/bundles.ts";
import { MALLOC, NODE_FLAGS } from "@medconnect/deploy/bundles/node-flags.ts";
import { tlsSettings } from "@medconnect/ops/certificates/certificate-folder.ts";
import { PROCESSES, type ProcessName, SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { Server } from "../engines/server.ts";
import { COMPILE_CACHE } from "./compile-cache.ts";
import type { DataFolder } from "./data-folder.ts";
import type { Databases } from "./databases.ts";
import type { Ports } from "./ports.ts";

export type Processes = Record<ProcessName, Server>;

export interface ProcessOptions {
  folder: DataFolder;
  databases: Databases;
  ports: Ports;
  schemaPrefix: string;
  /** Where the processes' certificates are, if they are to use mutual TLS. */
  certificates?: string | undefined;
  /** Settings on top of this process's environment: of every process, and of single ones. */
  env?: NodeJS.ProcessEnv | undefined;
  envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>> | undefined;
  runs: Program;
  logs: "console" | "files";
}

/** The processes' programs: bundles, as in images, or the sources as they are. */
export type Program = "bundles" | "sources";

const ROOT = join(import.meta.dirname, "../..");

/** The services and the gateway, not started yet. */
export function makeProcesses(options: ProcessOptions): Processes {
  return Object.fromEntries(PROCESSES.map((name) => [name, makeProcess(name, options)])) as Processes;
}

/** Where each service takes gRPC calls, as host:port. */
export function addressesOf(ports: Ports): Record<ServiceName, string> {
  const entries = SERVICES.map((name) => [name, `127.0.0.1:${ports[name].port}`]);
  return Object.fromEntries(entries) as Record<ServiceName, string>;
}

function makeProcess(name: ProcessName, options: ProcessOptions): Server {
  const { folder, ports, logs, env, envOf, runs } = options;
  return new Server({
    name,
    command: process.execPath,
    args: argsOf(name, runs),
    cwd: ROOT,
    logFile: logs === "files" ? folder.logFile(name) : undefined,
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      ...MALLOC,
      // The administrator's, which is not for them.
      MYSQL_URL: undefined,
      ...commonSettings(name, options),
      ...(name === "gateway" ? {} : serviceSettings(name, options)),
      ...(name === "auth" ? mailSettings(options) : {}),
      ...(name === "billing" ? webhookSettings(options) : {}),
      ...(options.certificates !== undefined && tlsSettings(join(options.certificates, name))),
      ...env,
      ...envOf?.[name],
    },
    ready: () => isReady(ports[name].metricsPort),
  });
}

/** Node's arguments that make it this process, in the repository's folder. */
export const argsOf = (name: ProcessName, runs: Program): string[] => [
  ...NODE_FLAGS,
  runs === "bundles" ? launcherOf(name) : MAINS[name]!,
];

function commonSettings(name: ProcessName, { folder, databases, ports }: ProcessOptions) {
  const addresses = addressesOf(ports);
  return {
    HOST: "127.0.0.1",
    PORT: `${ports[name].port}`,
    METRICS_PORT: `${ports[name].metricsPort}`,
    REDIS_URL: databases.redisUrl,
    INTERNAL_KEY: folder.secrets.internalKey,
    AUTH_ADDRESS: addresses.auth,
    SCHEDULING_ADDRESS: addresses.scheduling,
    CLINICAL_ADDRESS: addresses.clinical,
    BILLING_ADDRESS: addresses.billing,
  };
}

function serviceSettings(name: ServiceName, { folder, databases, schemaPrefix }: ProcessOptions) {
  const { databasePasswords, dataKeys, auditKeys } = folder.secrets;
  const url = new URL(databases.mysqlUrl);
  url.username = schemaPrefix + name;
  url.password = databasePasswords[name];
  url.pathname = schemaPrefix + name;
  return { DATABASE_URL: url.href, DATA_KEY: dataKeys[name], AUDIT_KEY: auditKeys[name] };
}

/** Mails are caught in a folder, unless there is a mail server to send them to. */
function mailSettings({ folder, ports }: ProcessOptions) {
  const { MAIL_URL, PUBLIC_URL } = process.env;
  return {
    MAIL_URL: MAIL_URL ?? pathToFileURL(folder.mailFolder).href,
    PUBLIC_URL: PUBLIC_URL ?? `http://localhost:${ports.gateway.port}`,
  };
}

/** The stub tells of its charges over the gateway, as a provider does, unless it is told otherwise. */
function webhookSettings({ folder, ports }: ProcessOptions) {
  const { STUB_WEBHOOK_URL, STUB_WEBHOOK_SECRET } = process.env;
  return {
    STUB_WEBHOOK_URL: STUB_WEBHOOK_URL ?? `http://127.0.0.1:${ports.gateway.port}/v1/webhooks/payments/stub`,
    STUB_WEBHOOK_SECRET: STUB_WEBHOOK_SECRET ?? folder.secrets.webhookSecret,
  };
}

async function isReady(metricsPort: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`, {
      signal: AbortSignal.timeout(2000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
