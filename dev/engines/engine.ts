import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Program } from "./engines.ts";
import type { Server } from "./server.ts";

export interface EngineOptions {
  program: Program;
  /** Absolute; holds what the engine stores. Made if absent. */
  folder: string;
  port: number;
  /** The administrator's. */
  password: string;
  /** Whether what was acknowledged must outlive a crash; without, it is faster. */
  durable: boolean;
  logFile: string;
  signal?: AbortSignal | undefined;
}

/** A database server that runs for this stack alone. */
export interface Engine {
  /** With the administrator's password. */
  url: string;
  port: number;
  server: Server;
}

/** The file in an engine's folder that holds its process id. */
export const pidFileIn = (folder: string) => join(folder, "pid");

/** Refuses a folder whose engine still runs. */
export function refuseIfRunning(folder: string): void {
  const file = pidFileIn(folder);
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, "utf8"));
  if (isRunning(pid, resolve(folder))) {
    throw new SetupError(
      `${resolve(folder)} is in use by process ${pid}; stop that MedConnect first, or kill ${pid}.`,
    );
  }
}

function isRunning(pid: number, folder: string): boolean {
  try {
    process.kill(pid, 0);
    // After a restart of the machine the number may be another program's. Where there is no /proc, it is believed.
    return !existsSync("/proc/self/cmdline") || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
  } catch {
    return false;
  }
}
