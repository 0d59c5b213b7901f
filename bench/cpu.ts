import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { SetupError } from "@medconnect/deploy/setup-error.ts";

const MICROS = 1_000_000;
/** A clock tick, the unit of /proc, which is 10 ms nearly everywhere. */
const TICK_MICROS = MICROS / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export function refuseUnlessLinux(): void {
  if (existsSync("/proc/self/stat")) return;
  throw new SetupError("CPU time is read from /proc, so this runs on Linux only.");
}

/** µs of CPU that a process has used, all its threads together (proc_pid_stat(5): utime and stime). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the program's name in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}
