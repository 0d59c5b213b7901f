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
  /** Its place in the order in which the members take the writes, from 0. */
  place: number;
  /** Absolute; holds what it stores. */
  folder: string;
  port: number;
  /** Where each member talks to the others, as host:port; its own is at its place. */
  groupAddresses: readonly string[];
  groupName: string;
  /** Password of root. */
  password: string;
  logFile: string;
}

/** One of the group's servers. */
export interface ClusterNode {
  name: string;
  port: number;
  /** Straight to it, past the router; as root. */
  url: string;
  server: Server;
}

/** Makes the server's data directory, if it is absent; the server itself is not started yet. */
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
    // Group Replication takes no other engine; so none can be chosen by mistake.
    "--disabled-storage-engines=MyISAM,BLACKHOLE,FEDERATED,ARCHIVE,MEMORY",
  ];
}

/** docs/scaling.md says what follows from these. */
function groupArgs({ place, groupAddresses, groupName }: NodeOptions): string[] {
  const settings = {
    group_name: groupName,
    local_address: groupAddresses[place],
    group_seeds: groupAddresses.join(","),
    // The starting process decides: this server may have to found the group anew instead of joining it.
    start_on_boot: "OFF",
    single_primary_mode: "ON",
    // Every table is written to on one server only, so that row and gap locks hold as on a single one.
    enforce_update_everywhere_checks: "OFF",
    // The election follows the router's order: the first one standing.
    member_weight: 90 - 20 * place,
    // A new primary answers nobody until it has applied all that the old one acknowledged.
    consistency: "BEFORE_ON_PRIMARY_FAILOVER",
    // A silent member is suspected after 5 s, and put out at once then, so that the others elect.
    member_expel_timeout: 0,
    // A member that was put out, or sees no majority, cuts its clients off rather than let them read old data.
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
