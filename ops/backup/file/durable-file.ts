import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * Writes a stream to a new file that only its owner can read. The file has its name once it is complete and on
 * the disk; before, the name ends in `.partial`.
 *
 * @returns the size in bytes
 */
export async function writeDurably(file: string, content: Readable): Promise<number> {
  const folder = dirname(file);
  const partial = `${file}.partial`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const output = createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true });
  try {
    await pipeline(content, output);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await flushFolder(folder);
  return output.bytesWritten;
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
