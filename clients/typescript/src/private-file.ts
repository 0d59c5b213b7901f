import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the folder of a file, for its owner only (mode 0700). */
export const makeFolder = (file: string) => mkdir(dirname(file), { recursive: true, mode: 0o700 });

/**
 * Writes a file that only its owner can read (mode 0600). A reader sees the old text or the new one, but never half
 * of it. A symbolic link in the place of the file is replaced, and its target keeps its text.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  await makeFolder(file);
  const next = `${file}.${randomUUID()}`;
  await writeFile(next, text, { flag: "wx", mode: 0o600 });
  await rename(next, file);
}
