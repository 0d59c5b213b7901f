import { DataFolder } from "@medconnect/dev/stack/data-folder.ts";
import { freeProcessPorts } from "@medconnect/dev/stack/ports.ts";
import { makeProcesses, type Processes } from "@medconnect/dev/stack/processes.ts";
import { BUNDLES } from "@medconnect/dev/stack/programs.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { SCHEMA_PREFIX, SETTINGS, type System } from "./system.ts";

/** Starts a second instance of every process, and restarts the first instances with the addresses of both. */
export async function addReplicas({ stack }: System) {
  const ports = await freeProcessPorts();
  const both = Object.fromEntries(
    SERVICES.map((name) => [
      `${name.toUpperCase()}_ADDRESS`,
      // Notation of gRPC for a service with several addresses, without DNS.
      `ipv4:${stack.addresses[name]},127.0.0.1:${ports[name].port}`,
    ]),
  );
  const replicas = makeProcesses({
    folder: new DataFolder(stack.dataDir),
    databases: stack.databases,
    ports,
    schemaPrefix: SCHEMA_PREFIX,
    // Replicas have one URL, which tokens name as their issuer.
    env: { ...SETTINGS, ...both, API_URL: stack.processes.gateway.env.API_URL },
    program: BUNDLES,
  });
  for (const server of Object.values(stack.processes)) Object.assign(server.env, both);
  await Promise.all(Object.values(replicas).map((server) => server.start()));
  await Promise.all(Object.values(stack.processes).map((server) => server.restart()));
  return { replicas, gatewayUrls: [stack.urls.gateway, `http://127.0.0.1:${ports.gateway.port}`] };
}

/**
 * Stops the second instances. Restarts the first instances with the addresses of the first instances only.
 */
export async function removeReplicas({ stack }: System, replicas: Processes): Promise<void> {
  const single = Object.fromEntries(
    SERVICES.map((name) => [`${name.toUpperCase()}_ADDRESS`, stack.addresses[name]]),
  );
  for (const server of Object.values(stack.processes)) Object.assign(server.env, single);
  await Promise.all(Object.values(stack.processes).map((server) => server.restart()));
  await Promise.all(Object.values(replicas).map((server) => server.stop()));
}
