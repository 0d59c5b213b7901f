// `npm run cluster`: starts three MySQL servers as a group behind MySQL Router.

import { runCommand } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";
import { Server } from "../engines/server.ts";
import { terminalProgress } from "../terminal/progress.ts";
import { aborted, stopSignal } from "../terminal/stop-signal.ts";
import { CLUSTER_STEPS, type Cluster, startCluster } from "./cluster.ts";
import type { ClusterNode } from "./node.ts";
import { usage } from "./start.usage.mjs";

runCommand({
  ...usage,
  run: async (flags) => {
    const port = portOf(flags.port);
    const stopping = stopSignal(() => {
      say("Killed.");
      Server.killAll();
      process.exit(1);
    });
    let cluster: Cluster;
    try {
      const progress = terminalProgress(CLUSTER_STEPS);
      cluster = await startCluster({
        dataDir: flags["data-dir"],
        port,
        progress,
        signal: stopping,
      });
    } catch (error) {
      if (!stopping.aborted) throw error;
      say("Stopped.");
      return 130;
    }
    for (const node of cluster.nodes) node.server.on("died", (how) => revive(cluster, node, how));
    const routerDied = new Promise<string>((resolve) => cluster.router.on("died", resolve));
    say(welcome(cluster, await cluster.primary()));

    const died = await Promise.race([routerDied, aborted(stopping)]);
    say(died ? `The router ended ${died}. Stopping everything.` : "Stopping …");
    await cluster.stop();
    say("Stopped.");
    return died ? 1 : 0;
  },
});

/** Restarts a server that has ended. If it cannot rejoin the group, the other servers continue without it. */
async function revive(cluster: Cluster, node: ClusterNode, how: string): Promise<void> {
  say(`${node.name} ended ${how}. The others continue while it restarts …`);
  try {
    await cluster.rejoin(node);
    const { name } = await cluster.primary();
    say(`${node.name} is back in the group (process ${node.server.pid}); ${name} is the primary.`);
  } catch (error) {
    say(`${node.name} cannot rejoin: ${(error as Error).message}`);
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port must be a port from 1 to 65535, not "${text}".`);
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

function welcome({ url, nodes }: Cluster, primary: ClusterNode): string {
  return [
    "The cluster is ready.",
    "",
    ...nodes.map(({ name, port, server }) => `  ${name}   127.0.0.1:${port}, process ${server.pid}`),
    `  router    ${new URL(url).host}`,
    "",
    "Start the system on it, with another data folder:",
    `  MYSQL_URL=${url} npm start -- --data-dir .local/on-cluster`,
    "",
    `To see a fail-over, kill the primary:  kill -9 ${primary.server.pid}`,
    "",
    "Ctrl-C stops everything.",
  ].join("\n");
}
