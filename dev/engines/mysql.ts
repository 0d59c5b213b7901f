import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { createConnection } from "mysql2/promise";
import { type Engine, type EngineOptions, pidFileIn, refuseIfRunning } from "./engine.ts";
import type { Program } from "./engines.ts";
import { Server } from "./server.ts";

const THROWAWAY = [
  "--skip-log-bin",
  "--innodb-flush-log-at-trx-commit=2",
  "--skip-innodb-doublewrite",
  // Tables share one file. A new schema then costs a third less time, because no file is made for each table.
  "--skip-innodb-file-per-table",
];
const DURABLE = ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"];

export type DataOptions = Pick<EngineOptions, "program" | "folder" | "password">;

/** Starts MySQL on 127.0.0.1, and returns when it accepts connections. */
export async function startMysql(options: EngineOptions): Promise<Engine> {
  const { program, folder, port, password, durable, logFile, signal } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseIfRunning(folder);
  const data = await prepareData(options);
  signal?.throwIfAborted();

  const url = `mysql://root:${password}@127.0.0.1:${port}`;
  const server = new Server({
    name: "mysql",
    command: program.command,
    args: [
      ...commonArgs(program, data),
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--socket=",
      "--mysqlx=OFF",
      "--skip-name-resolve",
      "--max-connections=500",
      "--default-time-zone=+00:00",
      "--performance-schema=OFF",
      ...(durable ? DURABLE : THROWAWAY),
    ],
    logFile,
    pidFile: pidFileIn(folder),
    ready: () => accepts(url, folder),
  });
  await server.start(signal);
  return { url, port, server };
}

/** Arguments for every run of mysqld, including the run that initializes the data directory. */
export function commonArgs({ basedir }: Program, data: string): string[] {
  return [
    "--no-defaults",
    ...(basedir ? [`--basedir=${basedir}`] : []),
    // mysqld refuses to run as root, unless `--user=root` requests it.
    ...(process.getuid?.() === 0 ? ["--user=root"] : []),
    `--datadir=${data}`,
    "--secure-file-priv=NULL",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_0900_ai_ci",
  ];
}

/** Initializes the data directory if it is missing. @returns its path */
export async function prepareData(options: DataOptions): Promise<string> {
  const data = join(options.folder, "data");
  if (!existsSync(data)) await initialize(options, data);
  return data;
}

/**
 * Initializes the data directory under a temporary name. So an interrupted initialization leaves no directory
 * that looks complete. The user root has a password from the first start on.
 */
async function initialize({ program, folder, password }: DataOptions, data: string): Promise<void> {
  const incomplete = join(folder, "incomplete");
  rmSync(incomplete, { recursive: true, force: true });
  const initFile = join(folder, "init.sql");
  writeFileSync(
    initFile,
    `ALTER USER root@localhost IDENTIFIED BY '${password}';\nRENAME USER root@localhost TO root@127.0.0.1;\n`,
    { mode: 0o600 },
  );
  const args = [...commonArgs(program, incomplete), "--initialize-insecure", `--init-file=${initFile}`];
  try {
    await promisify(execFile)(program.command, args);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new SetupError(`${stderr ?? error}MySQL cannot initialize its data directory in ${folder}.`);
  } finally {
    rmSync(initFile);
  }
  renameSync(incomplete, data);
}

async function accepts(url: string, folder: string): Promise<boolean> {
  try {
    await (await createConnection(url)).end();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ER_ACCESS_DENIED_ERROR") {
      throw new SetupError(
        `The database in ${folder} has other passwords than secrets.json. Use --reset to delete it.`,
      );
    }
    return false;
  }
}
