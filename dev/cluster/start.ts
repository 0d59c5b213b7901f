// `npm run cluster`: three MySQL servers as one group behind MySQL Router, on this machine.

import { runCommand } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";
import { Server } from "../engines/server.ts";
import { terminalProgress } from "../terminal/progress.ts";
import { aborted, stopSignal } from "../terminal/stop-signal.ts";
import { CLUSTER_STEPS, type Cluster, startCluster } from "./cluster.ts";
import type { ClusterNode } from "./node.ts";

const HELP = `Usage: npm run cluster [-- options]

Starts three MySQL servers as a single-primary Group Replication behind MySQL Router, and prints a MYSQL_URL to start
the system with. A server that ends is started again and rejoins. Ctrl-C stops all; a second one kills them. The data
is kept for the next start. docs/scaling.md says what such a group guarantees.

  --port N         the router's port (6446)
  --data-dir DIR   where the servers keep their data and logs (.local/cluster)
  --help           shows this
`;

runCommand({
  name: "cluster",
  help: HELP,
  options: {
    port: { type: "string", default: "6446" },
    "data-dir": { type: "string", default: ".local/cluster" },
  },
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
    say(welcome(cluster));

    const died = await Promise.race([routerDied, aborted(stopping)]);
    say(died ? `The router ended ${died}. Stopping everything.` : "Stopping …");
    await cluster.stop();
    say("Stopped.");
    return died ? 1 : 0;
  },
});

/** Starts a server that has ended again; where it cannot come back, the others go on without it. */
async function revive(cluster: Cluster, node: ClusterNode, how: string): Promise<void> {
  say(`${node.name} ended ${how}. The others go on; it is started again …`);
  try {
    await cluster.rejoin(node);
    const { name } = await cluster.primary();
    say(`${node.name} is back in the group (process ${node.server.pid}); ${name} takes the writes.`);
  } catch (error) {
    say(`${node.name} stays away: ${(error as Error).message}`);
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port is not a port: ${text}.`);
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

function welcome({ url, nodes }: Cluster): string {
  return [
    "The cluster is ready.",
    "",
    ...nodes.map(({ name, port, server }) => `  ${name}   127.0.0.1:${port}, process ${server.pid}`),
    `  router    ${new URL(url).host}`,
    "",
    "Start the system on it, with a data folder of its own:",
    `  MYSQL_URL=${url} npm start -- --data-dir .local/on-cluster`,
    "",
    `Then see what happens when the server that takes the writes is gone:  kill -9 ${nodes[0]!.server.pid}`,
    "",
    "Ctrl-C stops everything.",
  ].join("\n");
}
