import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "./usage-error.ts";

const DEFAULT_SERVER = "http://localhost:8080";

/** Folder of this user's settings (XDG Base Directory Specification). */
const folder = (): string => join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "medconnect");

/** File with the tokens of the session at a server. */
export const tokensFile = (server: string): string => join(folder(), `${encodeURIComponent(server)}.json`);

const lastServerFile = (): string => join(folder(), "server");

/** URL of the API: that of the flag, of MEDCONNECT_SERVER, of the last login, or the local one. */
export async function serverOf(flag: string | undefined): Promise<string> {
  const last = () => readFile(lastServerFile(), "utf8").catch(() => DEFAULT_SERVER);
  const given = flag ?? process.env.MEDCONNECT_SERVER ?? (await last());
  const server = given.trim().replace(/\/$/, "");
  if (/^https?:/.test(server) && URL.canParse(server)) return server;
  throw new UsageError(`The server must be a URL such as ${DEFAULT_SERVER}, not "${server}".`);
}

/** Makes a server the one of the following commands. */
export async function rememberServer(server: string): Promise<void> {
  await mkdir(folder(), { recursive: true, mode: 0o700 });
  await writeFile(lastServerFile(), `${server}\n`, { mode: 0o600 });
}
