import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SetupError } from "../../command/setup-error.ts";

const PARTIAL = ".partial";
/** Time without a write after which nobody works on a partial file any more. */
const ABANDONED_AFTER_MS = 3_600_000;
/** Codes of errors that only files have. */
const FILE_PROBLEMS = new Set([
  "ENOSPC",
  "EDQUOT",
  "EFBIG",
  "EIO",
  "EROFS",
  "EACCES",
  "EPERM",
  "EEXIST",
  "ENOTDIR",
]);

/**
 * Writes a stream to a new file in a folder, which only the owner can read. The file gets its name once it is complete
 * and on the disk; before, its name ends in `.partial`. Deletes partial files of processes that were killed. Throws
 * SetupError if the folder cannot be written or the disk is full.
 *
 * @param nameOf called at the end, so that the name can tell the content
 * @returns the path, and the size in bytes
 */
export async function writeDurably(
  folder: string,
  content: Readable,
  nameOf: () => string,
): Promise<{ path: string; bytes: number }> {
  try {
    return await write(folder, content, nameOf);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!FILE_PROBLEMS.has(code ?? "")) throw error;
    throw new SetupError(`The folder ${folder} takes no file: ${message}.`);
  }
}

async function write(
  folder: string,
  content: Readable,
  nameOf: () => string,
): Promise<{ path: string; bytes: number }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await deleteAbandoned(folder);
  const partial = join(folder, randomUUID() + PARTIAL);
  const output = createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true });
  const path = () => join(folder, nameOf());
  try {
    await pipeline(content, output);
    await rename(partial, path());
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await flushFolder(folder);
  return { path: path(), bytes: output.bytesWritten };
}

async function deleteAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(PARTIAL)) continue;
    const path = join(folder, name);
    // Another process may just have completed it.
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

/** Makes the names in a folder outlive a crash. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
