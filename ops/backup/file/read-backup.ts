import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Decrypter } from "age-encryption";
import { SetupError } from "../../command/setup-error.ts";
import { decrypted } from "./encryption.ts";
import { type Entry, type Manifest, parseLine, type Totals } from "./format.ts";
import { linesIn } from "./lines-in.ts";

/** Facts about a backup that was read to its end, so it is complete and unchanged. */
export interface VerifiedBackup {
  readonly manifest: Manifest;
  readonly totals: Totals;
  /** Length of its SQL, in characters. */
  readonly sqlLength: number;
}

/** Reads a whole backup. Throws SetupError if it is truncated, damaged, or encrypted to another key. */
export async function verifyBackup(file: string, decrypter: Decrypter): Promise<VerifiedBackup> {
  let manifest: Manifest | undefined;
  let totals: Totals | undefined;
  let sqlLength = 0;
  for await (const entry of entriesOf(file, decrypter)) {
    if (totals) throw damaged(file, "there is more after its end");
    if (entry.kind === "manifest") manifest = entry.manifest;
    else if (entry.kind === "end") totals = entry.totals;
    else if (entry.kind === "statement") sqlLength += entry.sql.length;
  }
  if (!manifest || !totals) throw damaged(file, "its end is missing");
  return { manifest, totals, sqlLength };
}

/** Reads the lines of a backup. Throws SetupError as `verifyBackup` does, when it comes to the damaged part. */
export async function* entriesOf(file: string, decrypter: Decrypter): AsyncGenerator<Entry> {
  await access(file).catch((error: NodeJS.ErrnoException) => {
    throw new SetupError(`The backup ${file} cannot be read (${error.code}).`);
  });
  const plain = await decrypted(decrypter, createReadStream(file), file);
  try {
    for await (const line of linesIn(plain.compose(createGunzip()) as Readable)) yield parseLine(line);
  } catch (error) {
    throw damaged(file, error instanceof Error ? error.message : String(error));
  }
}

const damaged = (file: string, reason: string) =>
  new SetupError(`${file} is damaged or truncated: ${reason}. Use another backup.`);
