import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingOf } from "@medconnect/platform/config/config.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { tlsSettings } from "../certificates/certificate-folder.ts";
import { SetupError, UsageError } from "../command/setup-error.ts";
import { SCHEMA_PREFIX } from "../schemas/provision.ts";

/** The fields of stack.json that commands read. `npm start` writes the file. */
export interface StackJson {
  readonly urls: { readonly mysql: string };
  /** Address of each service for gRPC, as host:port. */
  readonly addresses: Readonly<Record<ServiceName, string>>;
  /** Folder of the processes' certificates; absent without mutual TLS. */
  readonly certificates?: string;
  /** File of the advances of business time; absent without a sandbox clock. */
  readonly sandboxClock?: string;
}

/** Content of secrets.json in a data folder. Without these keys, the system's data cannot be decrypted. */
export interface Secrets {
  mysqlPassword: string;
  redisPassword: string;
  /** Key with which the services authenticate each other, in base64. */
  internalKey: string;
  dataKeys: Record<ServiceName, string>;
  auditKeys: Record<ServiceName, string>;
  databasePasswords: Record<ServiceName, string>;
  /** Key that signs the webhooks of the payment stub. */
  webhookSecret: string;
}

const DEFAULT_FILE = join(import.meta.dirname, "../../.local/data/stack.json");

/** The system that `npm start` runs on this machine. */
export class RunningStack {
  readonly json: StackJson;
  readonly secrets: Secrets;

  /**
   * Throws SetupError if no system was ever started here.
   *
   * @param instead settings that the user can set instead; the error message ends with them
   */
  constructor(instead: string) {
    const file = process.env.STACK_JSON || DEFAULT_FILE;
    if (!existsSync(file))
      throw new SetupError(`No system was started here: ${file} is missing. Set STACK_JSON, or ${instead}.`);
    this.json = readJson<StackJson>(file);
    this.secrets = readJson<Secrets>(join(dirname(file), "secrets.json"));
  }

  /** URL of a service's database, with the login of the service's database user. */
  databaseOf(service: ServiceName): string {
    const url = new URL(this.json.urls.mysql);
    url.username = SCHEMA_PREFIX + service;
    url.password = this.secrets.databasePasswords[service];
    url.pathname = SCHEMA_PREFIX + service;
    return url.href;
  }
}

/** Sets this process's settings for a service to those of the running system, unless DATABASE_URL is set. */
export function inheritSettings(service: ServiceName): void {
  if (settingOf("DATABASE_URL")) return;
  const stack = new RunningStack("DATABASE_URL and the other settings in --help");
  const { addresses, certificates, sandboxClock } = stack.json;
  Object.assign(process.env, {
    DATABASE_URL: stack.databaseOf(service),
    DATA_KEY: stack.secrets.dataKeys[service],
    INTERNAL_KEY: stack.secrets.internalKey,
    ...Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_ADDRESS`, addresses[name]])),
    ...(sandboxClock !== undefined && { SANDBOX_CLOCK: sandboxClock }),
    ...(certificates !== undefined && tlsSettings(join(certificates, service))),
  });
}

/**
 * Returns the service with this name, or all services if `name` is undefined. Throws UsageError for an
 * unknown name.
 */
export function servicesNamed(name: string | undefined): ServiceName[] {
  const named = SERVICES.filter((service) => name === undefined || service === name);
  if (named.length === 0)
    throw new UsageError(`There is no service ${name}. Services: ${SERVICES.join(", ")}.`);
  return named;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}
