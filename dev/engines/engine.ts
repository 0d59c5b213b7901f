import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Program } from "./engines.ts";
import type { Server } from "./server.ts";

export interface EngineOptions {
  program: Program;
  /** Absolute path of the folder for the server's data; created if absent. */
  folder: string;
  port: number;
  /** Password of the server's administrator. */
  password: string;
  /** True if acknowledged writes must survive a crash; false is faster. */
  durable: boolean;
  logFile: string;
  signal?: AbortSignal | undefined;
}

/** A MySQL or Redis server that this process has started. */
export interface Engine {
  /** URL with the administrator's password. */
  url: string;
  port: number;
  server: Server;
}

export const pidFileIn = (folder: string) => join(folder, "pid");

/** Throws if a database server still runs on this data folder. */
export function refuseIfRunning(folder: string): void {
  const file = pidFileIn(folder);
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, "utf8"));
  if (isRunning(pid, resolve(folder))) {
    throw new SetupError(
      `${resolve(folder)} is in use by the MedConnect of process ${pid}. Stop it, or give this one another --data-dir.`,
    );
  }
}

function isRunning(pid: number, folder: string): boolean {
  try {
    process.kill(pid, 0);
    // After a reboot, another program may have this process id. On systems without /proc, any process with
    // this id counts as the server.
    return !existsSync("/proc/self/cmdline") || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
  } catch {
    return false;
  }
}
