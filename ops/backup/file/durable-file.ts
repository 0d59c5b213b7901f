import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * Writes a stream to a new file in a folder, which only the owner can read. The file gets its name once it is complete
 * and on the disk; before, its name ends in `.partial`.
 *
 * @param nameOf called at the end, so that the name can tell the content
 * @returns the path, and the size in bytes
 */
export async function writeDurably(
  folder: string,
  content: Readable,
  nameOf: () => string,
): Promise<{ path: string; bytes: number }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = join(folder, `${randomUUID()}.partial`);
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

/** Makes the names in a folder outlive a crash. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
