import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { makeFolder, replaceFile } from "./private-file.ts";
import { queue, type TokenStore, tokensIn } from "./token-store.ts";

const POLL_MS = 20;
/** Age in ms from which on a lock is removed, whoever owns it. A refresh takes about ten seconds at most. */
const STALE_MS = 20_000;

/**
 * Keeps tokens in a file that only its owner can read (mode 0600), and that processes share. A lock file lets
 * one process refresh at a time.
 */
export function fileTokens(path: string): TokenStore {
  const lockFile = `${path}.lock`;
  const inProcess = queue();
  return {
    read: async () => tokensIn(await readFile(path, "utf8").catch(ignoreMissing)),
    async write(tokens) {
      if (!tokens) return await rm(path, { force: true });
      await replaceFile(path, `${JSON.stringify(tokens)}\n`);
    },
    lock: (task) =>
      inProcess(async () => {
        await makeFolder(path);
        while (!(await tryLock(lockFile))) await delay(POLL_MS);
        return await task().finally(() => rm(lockFile, { force: true }));
      }),
  };
}

/** Makes the lock file with the id of this process. Removes the file of a process that has crashed. */
async function tryLock(lockFile: string): Promise<boolean> {
  try {
    await writeFile(lockFile, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Two processes may both remove a lock, and so both refresh. They send the same key, so the API gives both
    // the same tokens.
    if (await isAbandoned(lockFile)) await rm(lockFile, { force: true });
    return false;
  }
}

async function isAbandoned(lockFile: string): Promise<boolean> {
  const owner = await readFile(lockFile, "utf8").catch(ignoreMissing);
  const found = await stat(lockFile).catch(ignoreMissing);
  if (owner === null || found === null) return false;
  return Date.now() - found.mtimeMs > STALE_MS || (owner !== "" && !isRunning(Number(owner)));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
