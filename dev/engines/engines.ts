import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Progress } from "../terminal/progress.ts";

export interface Program {
  command: string;
  version: string;
  /** Folder into which the program's packages were unpacked. Absent if the program was found in PATH. */
  basedir?: string;
}

const DEFAULT_FOLDER = join(import.meta.dirname, "../../.local/engines");
const SCRIPT = join(import.meta.dirname, "engines.sh");

/** Finds MySQL 8.4 or newer in PATH, or unpacks it from the distribution's packages. */
export async function findMysql(progress: Progress, signal?: AbortSignal): Promise<Program> {
  const installed = fromPath("mysqld");
  if (installed && !/mariadb/i.test(installed.version) && atLeast(installed.version, 8, 4)) return installed;
  const folder = await unpack(progress, signal);
  return { ...describe(join(folder, "bin/mysqld")), basedir: join(folder, "root/usr") };
}

/** Finds Redis 6.2 or newer in PATH, or unpacks it from the distribution's packages. */
export async function findRedis(progress: Progress, signal?: AbortSignal): Promise<Program> {
  const installed = fromPath("redis-server");
  if (installed && atLeast(installed.version, 6, 2)) return installed;
  const folder = await unpack(progress, signal);
  return describe(join(folder, "bin/redis-server"));
}

/** Finds MySQL Router in PATH, or unpacks it from the distribution's packages. */
export async function findRouter(progress: Progress, signal?: AbortSignal): Promise<Program> {
  const installed = fromPath("mysqlrouter");
  if (installed) return installed;
  const folder = await unpack(progress, signal);
  const command = join(folder, "bin/mysqlrouter");
  if (!existsSync(command)) {
    throw new SetupError("No package has MySQL Router. Install it so that mysqlrouter is in PATH.");
  }
  return { ...describe(command), basedir: join(folder, "root/usr") };
}

function fromPath(name: string): Program | undefined {
  // Distributions install servers in sbin folders, which PATH may lack.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];
  const command = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!command) return undefined;
  try {
    return describe(command);
  } catch {
    return undefined;
  }
}

/** Reads the version from "mysqld  Ver 8.4.3 for Linux …" or "Redis server v=7.0.15 sha=…". */
function describe(command: string): Program {
  const text = execFileSync(command, ["--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return { command, version: /(?:Ver |v=)(\S+)/.exec(text)?.[1] ?? "unknown" };
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return a > major || (a === major && b >= minor);
}

/** Unpacks the packages of MySQL and Redis, unless a previous run has unpacked them. @returns the folder */
async function unpack(progress: Progress, signal?: AbortSignal): Promise<string> {
  const folder = resolve(process.env.MEDCONNECT_ENGINES_DIR || DEFAULT_FOLDER);
  if (existsSync(join(folder, "bin/mysqld")) && existsSync(join(folder, "bin/redis-server"))) return folder;

  progress.detail("Downloading MySQL and Redis: reading the package lists …");
  // The script gets a process group of its own. A signal to this group also ends apt, which the script
  // starts.
  const script = spawn("bash", [SCRIPT, folder], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    detached: true,
  });
  const stop = () => script.pid && process.kill(-script.pid);
  signal?.addEventListener("abort", stop);
  let complaint = "";
  script.stderr?.on("data", (chunk) => {
    complaint += chunk;
  });
  showDownload(script.stdio[3] as Readable, progress);
  const [code] = await once(script, "close").catch((error) => {
    complaint = error.message;
    return [1];
  });
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  if (code !== 0) {
    throw new SetupError(
      `No packages of MySQL and Redis were found (${complaint.trim() || `exit code ${code}`}). ` +
        "Install MySQL 8.4+ and Redis 7+ so that mysqld and redis-server are in PATH, or set MYSQL_URL and REDIS_URL.",
    );
  }
  return folder;
}

/** Shows the progress in apt's status lines, such as "dlstatus:12:34.5678:Retrieving file 12 of 82". */
function showDownload(statusLines: Readable, progress: Progress): void {
  createInterface({ input: statusLines }).on("line", (line) => {
    const [kind, , percent] = line.split(":");
    if (kind !== "dlstatus") return;
    const rounded = Math.floor(Number(percent));
    progress.detail(
      rounded < 100 ? `Downloading MySQL and Redis: ${rounded} %` : "Unpacking MySQL and Redis …",
    );
  });
}
