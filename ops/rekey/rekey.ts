import { setTimeout as delay } from "node:timers/promises";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import {
  type ColumnRow,
  type EncryptedColumn,
  type Replacement,
  readPage,
  replaceValues,
} from "./encrypted-column-store.ts";

export interface RekeyOptions {
  db: Database;
  /** Cipher of the service. It encrypts with the current key, and also decrypts values of older keys. */
  cipher: FieldCipher;
  /** Maximum number of rows in one read or write. */
  batchSize: number;
  /** Maximum number of values that are re-encrypted per second. */
  perSecond: number;
  onBatch?: (progress: RekeyProgress) => void;
}

/** Counts of the values in one column. */
export interface RekeyProgress {
  values: number;
  /** Number of values encrypted with each older key, by the id of the key. */
  older: Map<string, number>;
  /**
   * Encryption contexts of the values that cannot be decrypted. Either their key is unknown, or the values
   * were changed or copied from another row.
   */
  broken: string[];
}

/**
 * Maximum passes over a column. During the first pass, a process that has only the older key may still write
 * values. The next pass re-encrypts these.
 */
const PASSES = 5;

/**
 * Encrypts a column's values with the current key, while the services read and write them. Can be stopped at
 * any time and started again, because each value names its key. Leaves values unchanged that cannot be
 * decrypted.
 *
 * @returns the counts of the last pass. After at most PASSES passes, no value has an older key, except those
 * that cannot be decrypted and those that were written meanwhile
 */
export async function rekeyColumn(options: RekeyOptions, column: EncryptedColumn): Promise<RekeyProgress> {
  for (let pass = 1; ; pass++) {
    const progress = await walk(options, column, async (rows) => {
      const { replacements, broken } = reencrypt(options.cipher, column, rows);
      if (replacements.length > 0) await replaceValues(options.db, column, replacements);
      return broken;
    });
    if (olderOf(progress) === progress.broken.length || pass === PASSES) return progress;
  }
}

/**
 * Counts the values without changing any. Decrypts the values with older keys, to find those that cannot be
 * decrypted.
 */
export async function checkColumn(options: RekeyOptions, column: EncryptedColumn): Promise<RekeyProgress> {
  return await walk(options, column, async (rows) => reencrypt(options.cipher, column, rows).broken);
}

/** Number of values that are not encrypted with the current key. */
export const olderOf = ({ older }: RekeyProgress): number => [...older.values()].reduce((a, b) => a + b, 0);

/**
 * Reads a column in key order, page by page, and counts its values.
 *
 * @param take receives the rows of a page whose values have an older key; returns the encryption contexts of
 * the values that cannot be decrypted
 */
async function walk(
  { db, cipher, batchSize, perSecond, onBatch }: RekeyOptions,
  column: EncryptedColumn,
  take: (rows: OlderRow[]) => Promise<string[]>,
): Promise<RekeyProgress> {
  const progress: RekeyProgress = { values: 0, older: new Map(), broken: [] };
  let after: string | Buffer = "";
  for (;;) {
    const beganMs = performance.now();
    const page = await readPage(db, column, cipher.currentHeader, after, batchSize);
    const encrypted = page.filter(({ header }) => header !== null && header.length > 0);
    const older = encrypted.filter(isUnderOlderKey);
    progress.values += encrypted.length;
    for (const { header } of older) {
      const id = header.toString("hex");
      progress.older.set(id, (progress.older.get(id) ?? 0) + 1);
    }
    if (older.length > 0) progress.broken.push(...(await take(older)));
    onBatch?.(progress);
    if (page.length < batchSize) return progress;
    // biome-ignore lint/style/noNonNullAssertion: a full page has batchSize rows, at least 1
    after = page.at(-1)!.key;
    await delay(Math.max(0, (older.length / perSecond) * 1000 - (performance.now() - beganMs)));
  }
}

/** A row whose value is encrypted with an older key. */
type OlderRow = ColumnRow & { header: Buffer; value: Buffer };

const isUnderOlderKey = (row: ColumnRow): row is OlderRow => row.value !== null;

function reencrypt(cipher: FieldCipher, { table, column }: EncryptedColumn, rows: OlderRow[]) {
  const replacements: Replacement[] = [];
  const broken: string[] = [];
  for (const { key, value, owners } of rows) {
    const id = typeof key === "string" ? key : key.toString("hex");
    const context = [`${table}.${column}`, id, ...owners].join(":");
    try {
      replacements.push({ key, from: value, to: cipher.encrypt(context, cipher.decrypt(context, value)) });
    } catch {
      broken.push(context);
    }
  }
  return { replacements, broken };
}
