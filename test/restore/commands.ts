import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import type { Stack } from "@medconnect/dev/stack/stack.ts";
import type { Secrets } from "@medconnect/ops/settings/running-stack.ts";
import { SERVICES, type ServiceName, WITNESS_OF } from "@medconnect/topology/services.ts";
import { SCHEMA_PREFIX } from "../faults/system.ts";

const OPS = join(import.meta.dirname, "../../ops");

/** Runs an operator's command, and shows its output. Throws if it fails. @returns its standard output */
export async function runOps(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  process.stdout.write(`\n$ ${name} ${args.join(" ")}\n`);
  try {
    const file = join(OPS, `${name}.ts`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, ...args], {
      env: { ...COMPILE_CACHE, ...env },
      maxBuffer: 1e8,
    });
    process.stdout.write(stderr + stdout);
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${name} failed: ${stdout ?? error}${stderr ?? ""}`);
  }
}

export const secretsIn = (dataDir: string): Secrets =>
  JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8"));

/** Settings of backup and restore on a server. */
export function serverEnv(mysqlUrl: string, { databasePasswords }: Secrets): NodeJS.ProcessEnv {
  const passwords = SERVICES.map((name) => [`${name.toUpperCase()}_DB_PASSWORD`, databasePasswords[name]]);
  return { MYSQL_URL: mysqlUrl, MYSQL_PREFIX: SCHEMA_PREFIX, ...Object.fromEntries(passwords) };
}

/** Settings of the commands that check a service's data. */
export function serviceEnv(stack: Stack, service: ServiceName, secrets: Secrets): NodeJS.ProcessEnv {
  const addresses = SERVICES.map((name) => [`${name.toUpperCase()}_ADDRESS`, stack.addresses[name]]);
  return {
    DATABASE_URL: databaseOf(stack, service, secrets),
    WITNESS_DATABASE_URL: databaseOf(stack, WITNESS_OF[service], secrets),
    DATA_KEY: secrets.dataKeys[service],
    AUDIT_KEY: secrets.auditKeys[service],
    INTERNAL_KEY: secrets.internalKey,
    ...Object.fromEntries(addresses),
  };
}

function databaseOf({ urls }: Stack, service: ServiceName, { databasePasswords }: Secrets): string {
  const url = new URL(urls.mysql);
  const name = SCHEMA_PREFIX + service;
  Object.assign(url, { username: name, password: databasePasswords[service], pathname: `/${name}` });
  return url.href;
}
