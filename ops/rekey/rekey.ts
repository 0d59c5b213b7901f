import { setTimeout as delay } from "node:timers/promises";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import {
  type Replacement,
  readPage,
  replaceValues,
  type SealedColumn,
  type SealedRow,
} from "./sealed-column-store.ts";

export interface RekeyOptions {
  db: Database;
  /** Seals under the new key and opens under the older ones. */
  cipher: FieldCipher;
  /** Rows that are read, and at most written, at once. */
  batchSize: number;
  /** Values sealed anew a second, at most. */
  perSecond: number;
  /** Told after each batch how the column stands so far. */
  onBatch?: (standing: Standing) => void;
}

/** Under which keys a column's values are sealed. */
export interface Standing {
  values: number;
  /** How many are under which older key, by the key's id. */
  older: Map<string, number>;
  /** The places of those that do not open: under a key that is not known, changed, or moved from elsewhere. */
  broken: string[];
}

/** A value that is written all the time by a process with the older key would be met again for ever. */
const PASSES = 5;

/**
 * Seals a column's values anew under the current key while the services read and write them. It may be stopped at any
 * time and started again, as each value says itself under which key it is. What does not open stays as it is.
 *
 * @returns what the last look at all values saw: nothing under older keys, if all went well
 */
export async function rekeyColumn(options: RekeyOptions, column: SealedColumn): Promise<Standing> {
  for (let pass = 1; ; pass++) {
    const standing = await walk(options, column, async (rows) => {
      const { replacements, broken } = resealed(options.cipher, column, rows);
      if (replacements.length > 0) await replaceValues(options.db, column, replacements);
      return broken;
    });
    if (olderOf(standing) === standing.broken.length || pass === PASSES) return standing;
  }
}

/** Only looks, and opens what is under an older key. */
export async function checkColumn(options: RekeyOptions, column: SealedColumn): Promise<Standing> {
  return await walk(options, column, async (rows) => resealed(options.cipher, column, rows).broken);
}

/** How many values are not under the current key. */
export const olderOf = ({ older }: Standing): number => [...older.values()].reduce((a, b) => a + b, 0);

/** Goes through a column in the order of its keys. @param take gets what is under older keys; says what is broken */
async function walk(
  { db, cipher, batchSize, perSecond, onBatch }: RekeyOptions,
  column: SealedColumn,
  take: (rows: SealedRow[]) => Promise<string[]>,
): Promise<Standing> {
  const standing: Standing = { values: 0, older: new Map(), broken: [] };
  let after: string | Buffer = "";
  for (;;) {
    const beganMs = performance.now();
    const page = await readPage(db, column, cipher.currentHeader, after, batchSize);
    const sealed = page.filter(({ header }) => header !== null && header.length > 0);
    const older = sealed.filter(({ value }) => value !== null);
    standing.values += sealed.length;
    for (const { header } of older) {
      const id = header!.toString("hex");
      standing.older.set(id, (standing.older.get(id) ?? 0) + 1);
    }
    if (older.length > 0) standing.broken.push(...(await take(older)));
    onBatch?.(standing);
    if (page.length < batchSize) return standing;
    after = page.at(-1)!.key;
    await delay(Math.max(0, (older.length / perSecond) * 1000 - (performance.now() - beganMs)));
  }
}

function resealed(cipher: FieldCipher, { table, column }: SealedColumn, rows: SealedRow[]) {
  const replacements: Replacement[] = [];
  const broken: string[] = [];
  for (const { key, value, owners } of rows) {
    const id = typeof key === "string" ? key : key.toString("hex");
    const place = [`${table}.${column}`, id, ...owners].join(":");
    try {
      replacements.push({ key, from: value!, to: cipher.encrypt(place, cipher.decrypt(place, value!)) });
    } catch {
      broken.push(place);
    }
  }
  return { replacements, broken };
}
