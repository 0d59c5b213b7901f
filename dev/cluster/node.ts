import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pidFileIn, refuseIfRunning } from "../engines/engine.ts";
import type { Program } from "../engines/engines.ts";
import { commonArgs, prepareData } from "../engines/mysql.ts";
import { Server } from "../engines/server.ts";
import { onServer } from "./group.ts";

export interface NodeOptions {
  program: Program;
  name: string;
  /** Position in the order of priority, from 0: the first running node becomes the primary. */
  place: number;
  /** Absolute path of the server's data. */
  folder: string;
  port: number;
  /** Group communication address of each member as host:port, in order of priority. */
  groupAddresses: readonly string[];
  groupName: string;
  /** Password of MySQL's root. */
  password: string;
  logFile: string;
}

export interface ClusterNode {
  name: string;
  port: number;
  /** URL of this server for the user root. It does not go through the router. */
  url: string;
  server: Server;
}

/** Initializes the server's data directory if it is absent. Does not start the server. */
export async function makeNode(options: NodeOptions): Promise<ClusterNode> {
  const { program, name, folder, port, password, logFile } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseIfRunning(folder);
  const url = `mysql://root:${password}@127.0.0.1:${port}`;
  const server = new Server({
    name,
    command: program.command,
    args: [...commonArgs(program, await prepareData(options)), ...serverArgs(options), ...groupArgs(options)],
    logFile,
    pidFile: pidFileIn(folder),
    ready: () => accepts(url),
  });
  return { name, port, url, server };
}

function serverArgs({ place, folder, port }: NodeOptions): string[] {
  return [
    `--server-id=${place + 1}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    "--report-host=127.0.0.1",
    "--socket=",
    `--pid-file=${join(folder, "mysqld.pid")}`,
    "--mysqlx=OFF",
    "--skip-name-resolve",
    "--max-connections=500",
    "--default-time-zone=+00:00",
    "--innodb-flush-log-at-trx-commit=1",
    "--sync-binlog=1",
    "--log-bin=binlog",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    // Disables all other storage engines, because Group Replication supports InnoDB only.
    "--disabled-storage-engines=MyISAM,BLACKHOLE,FEDERATED,ARCHIVE,MEMORY",
  ];
}

/** Settings of Group Replication. docs/scaling.md explains their effects. */
function groupArgs({ place, groupAddresses, groupName }: NodeOptions): string[] {
  const settings = {
    group_name: groupName,
    local_address: groupAddresses[place],
    group_seeds: groupAddresses.join(","),
    // The server does not start replication by itself. `RunningCluster.form` chooses the server that founds
    // the group.
    start_on_boot: "OFF",
    single_primary_mode: "ON",
    // Must be off with a single primary. Row and gap locks then work as on a single server.
    enforce_update_everywhere_checks: "OFF",
    // The running server with the highest weight is elected. So the primary is the first running server of
    // the list, the same one to which the router sends connections.
    member_weight: 90 - 20 * place,
    // A new primary responds only after it has applied all transactions of the old one.
    consistency: "BEFORE_ON_PRIMARY_FAILOVER",
    // Expels a member as soon as it is suspected, after 5 s of silence. Then the other members can elect a
    // primary.
    member_expel_timeout: 0,
    // A member never rejoins by itself, only after a restart. A member that was expelled, or that is in a
    // minority, disconnects its clients, so that they read no stale data.
    autorejoin_tries: 0,
    unreachable_majority_timeout: 5,
    exit_state_action: "OFFLINE_MODE",
    recovery_get_public_key: "ON",
  };
  return [
    "--plugin-load-add=group_replication.so",
    "--super-read-only=ON",
    ...Object.entries(settings).map(
      ([name, value]) => `--group-replication-${name.replaceAll("_", "-")}=${value}`,
    ),
  ];
}

const accepts = (url: string): Promise<boolean> => onServer(url, async () => true).catch(() => false);
