import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { Server } from "@medconnect/dev/engines/server.ts";
import { DataFolder } from "@medconnect/dev/stack/data-folder.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { BUNDLES } from "@medconnect/dev/stack/programs.ts";
import type { ProcessName } from "@medconnect/topology/services.ts";
import { Api } from "./api.ts";
import { NO_RATE_LIMITS } from "./rate-limits.ts";
import { type SharedStack, sharedInternalKey } from "./stack.ts";

/** An additional process with its own settings. It uses the databases of the shared system. */
export interface SideProcess {
  /** Address of the process, as host:port. */
  address: string;
  stop(): Promise<void>;
}

/**
 * Starts another gateway.
 *
 * @param authAddress address of the auth process that the gateway uses; default: that of the shared system
 */
export async function startGateway(
  stack: SharedStack,
  env: NodeJS.ProcessEnv,
  authAddress = stack.addresses.auth,
): Promise<SideProcess & { api: Api }> {
  const gateway = await start("gateway", {
    ...addressesOf(stack),
    AUTH_ADDRESS: authAddress,
    REDIS_URL: stack.urls.redis,
    DRAIN_DELAY: "0ms",
    ...NO_RATE_LIMITS,
    ...env,
  });
  return { ...gateway, api: new Api(`http://${gateway.address}`) };
}

/** Starts another auth process, with the accounts and signing keys of the shared system. */
export async function startAuth(stack: SharedStack, env: NodeJS.ProcessEnv): Promise<SideProcess> {
  const folder = new DataFolder(dirname(process.env.STACK_JSON!));
  const { databasePasswords, dataKeys, auditKeys } = folder.secrets;
  const database = new URL(stack.urls.mysql);
  database.username = "medconnect_auth";
  database.password = databasePasswords.auth;
  database.pathname = "medconnect_auth";
  return await start("auth", {
    ...addressesOf(stack),
    DATABASE_URL: database.href,
    DATA_KEY: dataKeys.auth,
    AUDIT_KEY: auditKeys.auth,
    MAIL_URL: pathToFileURL(folder.mailFolder).href,
    REDIS_URL: stack.urls.redis,
    ...NO_RATE_LIMITS,
    ...env,
  });
}

/** Addresses of the shared system, and its URL, which tokens name as their issuer. */
const addressesOf = ({ addresses, urls }: SharedStack) => ({
  API_URL: `http://localhost:${new URL(urls.gateway).port}`,
  AUTH_ADDRESS: addresses.auth,
  SCHEDULING_ADDRESS: addresses.scheduling,
  CLINICAL_ADDRESS: addresses.clinical,
  BILLING_ADDRESS: addresses.billing,
});

async function start(name: ProcessName, env: NodeJS.ProcessEnv): Promise<SideProcess> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const server = new Server({
    name: `${name}:${port}`,
    command: process.execPath,
    args: BUNDLES.argsOf(name),
    env: {
      ...process.env,
      PORT: `${port}`,
      METRICS_PORT: `${metricsPort}`,
      LOG_LEVEL: "error",
      INTERNAL_KEY: Buffer.from(sharedInternalKey()).toString("base64"),
      ...env,
    },
    ready: async () =>
      (await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined))?.ok === true,
  });
  await server.start();
  return { address: `127.0.0.1:${port}`, stop: () => server.stop() };
}
