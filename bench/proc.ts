import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

const MICROS = 1_000_000;
/** Length of a clock tick in µs. /proc counts CPU time in ticks, which last 10 ms on most systems. */
const TICK_MICROS = MICROS / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

export function refuseUnlessLinux(): void {
  if (existsSync("/proc/self/smaps_rollup")) return;
  throw new SetupError("This runs on Linux only, because it reads CPU time and memory from /proc.");
}

/** CPU time of a process with all its threads, in µs (proc_pid_stat(5): utime and stime). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may contain spaces. So the fields after it
  // are split.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

export interface Memory {
  /** Resident set size in MB, including shared pages. */
  rssMb: number;
  /** Proportional set size in MB: a page that n processes share counts as 1/n. */
  pssMb: number;
}

/** Reads the memory of a process from smaps_rollup (proc_pid_smaps(5)). */
export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)![1]) / 1024;
  return { rssMb: megabytes("Rss"), pssMb: megabytes("Pss") };
}
