import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { replaceFile } from "../private-file.ts";
import { isOwnedByOther, isWritableByOthers } from "./file-owner.ts";
import { serverUrl } from "./server-url.ts";
import { UsageError } from "./usage-error.ts";

const DEFAULT_SERVER = "http://localhost:8080";

/**
 * Folder of this user's settings (XDG Base Directory Specification). Throws UsageError if others can change its
 * files, because one of them names the server that gets the password of the next login.
 */
function folder(): string {
  const path = join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "medconnect");
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && isOwnedByOther(found)) {
    throw new UsageError(
      `${path} belongs to another user. Set XDG_CONFIG_HOME to a folder of yours, or remove this one: sudo rm -r "${path}"`,
    );
  }
  if (found && isWritableByOthers(found)) {
    throw new UsageError(
      `Other users can write ${path}. Remove files that are not yours, then run: chmod 700 "${path}"`,
    );
  }
  return path;
}

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

/** True if the command line or the environment names the server. */
export const isServerNamed = (flag: string | undefined): boolean =>
  (flag ?? process.env.MEDCONNECT_SERVER) !== undefined;

/** Makes a server the one of the following commands. */
export const rememberServer = (server: string): Promise<void> => replaceFile(lastServerFile(), `${server}\n`);
