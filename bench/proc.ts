import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

const MICROS = 1_000_000;
/** A clock tick, the unit of /proc, which is 10 ms nearly everywhere. */
const TICK_MICROS = MICROS / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export function refuseUnlessLinux(): void {
  if (existsSync("/proc/self/smaps_rollup")) return;
  throw new SetupError("CPU time and memory are read from /proc, so this runs on Linux only.");
}

/** µs of CPU that a process has used, all its threads together (proc_pid_stat(5): utime and stime). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the program's name in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

export interface Memory {
  /** Resident set in MB, shared pages included. */
  rssMb: number;
  /** Proportional set in MB: each shared page is divided by the number of processes that share it. */
  pssMb: number;
}

/** Memory of a process (proc_pid_smaps(5)). */
export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)![1]) / 1024;
  return { rssMb: megabytes("Rss"), pssMb: megabytes("Pss") };
}
