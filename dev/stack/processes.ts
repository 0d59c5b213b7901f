import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MALLOC } from "@medconnect/deploy/bundles/node-flags.ts";
import { tlsSettings } from "@medconnect/ops/certificates/certificate-folder.ts";
import { checkoutCommit } from "@medconnect/ops/command/checkout-commit.ts";
import { PROCESSES, type ProcessName, SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { Server } from "../engines/server.ts";
import { COMPILE_CACHE } from "./compile-cache.ts";
import type { DataFolder } from "./data-folder.ts";
import type { Databases } from "./databases.ts";
import type { Ports } from "./ports.ts";
import type { Program } from "./programs.ts";

export type Processes = Record<ProcessName, Server>;

export interface ProcessOptions {
  folder: DataFolder;
  databases: Databases;
  ports: Ports;
  schemaPrefix: string;
  /** Folder of the certificates. Absent without mutual TLS. */
  certificates?: string | undefined;
  /** File of the advances of business time. Absent without a sandbox clock. */
  sandboxClock?: string | undefined;
  /** Receiver of traces. Absent: that of the environment, if any. */
  tracesUrl?: string | undefined;
  /** Environment variables for all processes. They override those that the processes inherit. */
  env?: NodeJS.ProcessEnv | undefined;
  envOf?: Partial<Record<ProcessName, NodeJS.ProcessEnv>> | undefined;
  program: Program;
  onLine?: ((name: ProcessName, line: string, place: string) => void) | undefined;
}

const ROOT = join(import.meta.dirname, "../..");
/** Time until a request's trace can be seen. Still, the spans of some requests travel together. */
const TRACE_DELAY_MS = "1000";

/** Prepares the services and the gateway without starting them. */
export function makeProcesses(options: ProcessOptions): Processes {
  return Object.fromEntries(PROCESSES.map((name) => [name, makeProcess(name, options)])) as Processes;
}

/** gRPC addresses of the services, as host:port. */
export function addressesOf(ports: Ports): Record<ServiceName, string> {
  const entries = SERVICES.map((name) => [name, `127.0.0.1:${ports[name].port}`]);
  return Object.fromEntries(entries) as Record<ServiceName, string>;
}

function makeProcess(name: ProcessName, options: ProcessOptions): Server {
  const { folder, ports, onLine, env, envOf, program } = options;
  return new Server({
    name,
    command: process.execPath,
    args: program.argsOf(name),
    cwd: ROOT,
    logFile: folder.logFile(name),
    onLine: onLine && ((line, place) => onLine(name, line, place)),
    env: {
      ...process.env,
      ...COMPILE_CACHE,
      ...MALLOC,
      // Not passed on, because the URL has the administrator's password, and the processes do not need these
      // rights.
      MYSQL_URL: undefined,
      ...commonSettings(name, options),
      ...(name === "gateway" ? consoleSettings(options) : serviceSettings(name, options)),
      ...(name === "auth" ? mailSettings(options) : {}),
      ...(name === "billing" ? webhookSettings(options) : {}),
      ...(options.certificates !== undefined && tlsSettings(join(options.certificates, name))),
      ...env,
      ...envOf?.[name],
    },
    ready: () => isReady(ports[name].metricsPort),
  });
}

function commonSettings(name: ProcessName, { folder, databases, ports, tracesUrl }: ProcessOptions) {
  const addresses = addressesOf(ports);
  return {
    HOST: "127.0.0.1",
    PORT: `${ports[name].port}`,
    METRICS_PORT: `${ports[name].metricsPort}`,
    BUILD_COMMIT: checkoutCommit(),
    API_URL: process.env.API_URL ?? `http://localhost:${ports.gateway.port}`,
    REDIS_URL: databases.redisUrl,
    INTERNAL_KEY: folder.secrets.internalKey,
    AUTH_ADDRESS: addresses.auth,
    SCHEDULING_ADDRESS: addresses.scheduling,
    CLINICAL_ADDRESS: addresses.clinical,
    BILLING_ADDRESS: addresses.billing,
    ...(tracesUrl !== undefined && {
      OTEL_EXPORTER_OTLP_ENDPOINT: tracesUrl,
      OTEL_BSP_SCHEDULE_DELAY: TRACE_DELAY_MS,
    }),
  };
}

function serviceSettings(name: ServiceName, options: ProcessOptions) {
  const { folder, databases, schemaPrefix, sandboxClock } = options;
  const { databasePasswords, dataKeys, auditKeys } = folder.secrets;
  const url = new URL(databases.mysqlUrl);
  url.username = schemaPrefix + name;
  url.password = databasePasswords[name];
  url.pathname = schemaPrefix + name;
  return {
    DATABASE_URL: url.href,
    DATA_KEY: dataKeys[name],
    AUDIT_KEY: auditKeys[name],
    SANDBOX_CLOCK: sandboxClock,
  };
}

/** Makes the console link to the pages of traces, unless TRACE_URL_TEMPLATE is set. */
const consoleSettings = ({ tracesUrl }: ProcessOptions) => ({
  TRACE_URL_TEMPLATE: process.env.TRACE_URL_TEMPLATE ?? (tracesUrl && `${tracesUrl}/{traceId}`),
});

/** Makes auth write its mails to a folder, unless MAIL_URL is set. */
const mailSettings = ({ folder }: ProcessOptions) => ({
  MAIL_URL: process.env.MAIL_URL ?? pathToFileURL(folder.mailFolder).href,
});

/**
 * Makes billing's payment stub send its webhooks through the gateway, as a provider does, unless
 * STUB_WEBHOOK_URL is set.
 */
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
