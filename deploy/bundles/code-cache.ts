import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/*
 * Code cache of a bundle: the compiled code of the functions that have run. Node's own cache
 * (NODE_COMPILE_CACHE) stores a module before it runs, when V8 has compiled hardly any function.
 */

const CHECKSUM_BYTES = 4;
/** Path of a bundle's code cache, unless several processes have one each. */
export const cacheOf = (bundle: string): string => `${bundle}.cache`;

export interface Compiled {
  script: Script;
  checksum: number;
}

/**
 * Compiles a bundle into a function, like the function in which Node wraps a CommonJS module. Uses the code
 * cache if neither the bundle nor the version of V8 has changed since the cache was made.
 */
export function compile(bundle: string, cache = cacheOf(bundle)): Compiled {
  const bytes = readFileSync(bundle);
  const checksum = crc32(bytes);
  const script = new Script(bytes.toString("latin1"), {
    filename: bundle,
    cachedData: readCache(cache, checksum),
  });
  return { script, checksum };
}

/** @returns the exports of the bundle */
export function run({ script }: Compiled, bundle: string): unknown {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
  return module.exports;
}

/**
 * Stores the compiled code of all functions that have been called. Writes atomically, because two builds may
 * run at once.
 */
export function writeCache({ script, checksum }: Compiled, cache: string): void {
  const head = Buffer.alloc(CHECKSUM_BYTES);
  head.writeUInt32LE(checksum);
  const temporary = `${cache}.${process.pid}`;
  writeFileSync(temporary, Buffer.concat([head, script.createCachedData()]));
  renameSync(temporary, cache);
}

/**
 * Reads a code cache. Returns undefined if the cache was made from another text. V8 itself
 * checks only its own version and the length of the text.
 */
function readCache(file: string, checksum: number): Buffer | undefined {
  try {
    const cache = readFileSync(file);
    return cache.readUInt32LE() === checksum ? cache.subarray(CHECKSUM_BYTES) : undefined;
  } catch {
    return undefined;
  }
}
