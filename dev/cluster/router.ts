import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pidFileIn, refuseIfRunning } from "../engines/engine.ts";
import type { Program } from "../engines/engines.ts";
import { Server } from "../engines/server.ts";

export interface RouterOptions {
  program: Program;
  /** Absolute path of the folder for the router's configuration and process id. */
  folder: string;
  port: number;
  /** Ports of the servers, in order of priority. */
  serverPorts: readonly number[];
  logFile: string;
}

/**
 * Makes a MySQL Router without starting it. The router sends each new connection to the first server in the
 * list that accepts connections; that server is also the group's primary. The router only forwards bytes, so
 * TLS and passwords stay between client and server.
 */
export function makeRouter({ program, folder, port, serverPorts, logFile }: RouterOptions): Server {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseIfRunning(folder);
  const configFile = join(folder, "mysqlrouter.conf");
  const config = [
    "[DEFAULT]",
    `runtime_folder=${folder}`,
    `data_folder=${folder}`,
    `config_folder=${folder}`,
    ...(program.basedir ? [`plugin_folder=${join(program.basedir, "lib/mysqlrouter/plugin")}`] : []),
    "max_total_connections=1000",
    "[destination_status]",
    // Seconds after which the router tries an unreachable server again.
    "error_quarantine_interval=1",
    "[logger]",
    "level=WARNING",
    "sinks=consolelog",
    "[routing:writes]",
    "bind_address=127.0.0.1",
    `bind_port=${port}`,
    `destinations=${serverPorts.map((serverPort) => `127.0.0.1:${serverPort}`).join(",")}`,
    "routing_strategy=first-available",
    "protocol=classic",
    "client_ssl_mode=PASSTHROUGH",
    "server_ssl_mode=AS_CLIENT",
    "connect_timeout=2",
    // Number of broken connections after which the router blocks a client address. In effect no limit,
    // because here all clients have the same address, and a fail-over breaks many connections.
    "max_connect_errors=4294967295",
  ];
  writeFileSync(configFile, `${config.join("\n")}\n`, { mode: 0o600 });
  return new Server({
    name: "router",
    command: program.command,
    args: ["--config", configFile],
    logFile,
    pidFile: pidFileIn(folder),
    ready: () => listens(port),
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
