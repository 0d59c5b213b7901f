import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { serverUrl } from "./server-url.ts";

const DEFAULT_SERVER = "http://localhost:8080";

/** Folder of this user's settings (XDG Base Directory Specification). */
const folder = (): string => join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "medconnect");

/** File with the tokens of the session at a server. */
export const tokensFile = (server: string): string => join(folder(), `${encodeURIComponent(server)}.json`);

const lastServerFile = (): string => join(folder(), "server");

/** URL of the API: that of the flag, of MEDCONNECT_SERVER, of the last login, or the local one. */
export async function serverOf(flag: string | undefined): Promise<string> {
  if (flag !== undefined) return serverUrl(flag, "--server");
  const { MEDCONNECT_SERVER: fromEnvironment } = process.env;
  if (fromEnvironment !== undefined) return serverUrl(fromEnvironment, "MEDCONNECT_SERVER");
  const file = lastServerFile();
  return serverUrl(await readFile(file, "utf8").catch(() => DEFAULT_SERVER), file);
}

/** Makes a server the one of the following commands. */
export async function rememberServer(server: string): Promise<void> {
  await mkdir(folder(), { recursive: true, mode: 0o700 });
  await writeFile(lastServerFile(), `${server}\n`, { mode: 0o600 });
}
