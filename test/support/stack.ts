import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Secrets } from "@medconnect/ops/settings/running-stack.ts";
import type { ProcessName, ServiceName } from "@medconnect/topology/services.ts";

/** Addresses of a running system. It is the shared one, or one that a test file has started. */
export interface Running {
  urls: Record<ProcessName | "mysql" | "redis", string>;
  /** Address of each service for gRPC, as host:port. */
  addresses: Record<ServiceName, string>;
  /** Folder to which mails are written instead of being sent. */
  mailFolder: string;
  /** Processes of a system that a test file has started; absent for the shared one. */
  processes?: Record<ServiceName, { env: NodeJS.ProcessEnv }>;
}

/** The system that `npm test` starts for all tests. */
export interface SharedStack extends Running {
  metricsPorts: Record<ProcessName, number>;
}

export function sharedStack(): SharedStack {
  return JSON.parse(readFileSync(stackFile(), "utf8"));
}

/** Secrets of the shared system. */
export function sharedSecrets(): Secrets {
  return JSON.parse(readFileSync(join(dirname(stackFile()), "secrets.json"), "utf8"));
}

/** Returns auth's DATA_KEY, which operators' commands need. */
export const authDataKeyOf = ({ processes }: Running): string =>
  processes?.auth.env.DATA_KEY ?? sharedSecrets().dataKeys.auth;

/** Returns the name of the service's database schema. */
export function schemaOf({ processes }: Running, service: ServiceName): string {
  const url = processes?.[service].env.DATABASE_URL;
  return url === undefined ? `medconnect_${service}` : new URL(url).pathname.slice(1);
}

/** Key with which the services of the shared system authenticate each other. */
export const sharedInternalKey = (): Uint8Array => Buffer.from(sharedSecrets().internalKey, "base64");

function stackFile(): string {
  const file = process.env.STACK_JSON;
  if (!file) throw new Error("STACK_JSON is not set: run the tests with `npm test`");
  return file;
}
