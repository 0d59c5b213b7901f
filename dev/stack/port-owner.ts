import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** State LISTEN in /proc/net/tcp. */
const LISTEN = "0A";

/**
 * Process that listens on a TCP port, such as "node (process 1234)". Undefined if it belongs to another user,
 * or if this system has no /proc.
 */
export function ownerOf(port: number): string | undefined {
  try {
    const sockets = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listenersIn(file, port)));
    const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && holdsOneOf(name, sockets));
    return pid && `${programOf(pid)} (process ${pid})`;
  } catch {
    return undefined;
  }
}

/** Name of a process's program, such as "node". */
const programOf = (pid: string): string =>
  basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0", 1)[0] ?? "");

/** Sockets that listen on the port, as links in /proc/PID/fd name them. */
function listenersIn(file: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && local?.endsWith(`:${hexPort}`))
    .map((columns) => `socket:[${columns[9]}]`);
}

function holdsOneOf(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => sockets.has(readlinkSync(`${folder}/${fd}`)));
  } catch {
    return false; // The process belongs to another user, or has just ended.
  }
}
