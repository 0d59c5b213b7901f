import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";
import { crc32 } from "node:zlib";

/*
 * Bundles, and the code that V8 has compiled of them. Node's own cache (NODE_COMPILE_CACHE) keeps a module's
 * code as it is before it runs, when nearly all functions are still to be compiled.
 */

const CHECKSUM_BYTES = 4;
const cacheOf = (bundle: string): string => `${bundle}.cache`;

export interface Compiled {
  script: Script;
  /** Checksum of the bundle's text. */
  checksum: number;
}

/**
 * Compiles a bundle, which is a function as Node wraps CommonJS modules; from its cache if that is of this
 * text and V8.
 */
export function compile(bundle: string): Compiled {
  const bytes = readFileSync(bundle);
  const checksum = crc32(bytes);
  const script = new Script(bytes.toString("latin1"), {
    filename: bundle,
    cachedData: readCache(bundle, checksum),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return { script, checksum };
}

export function run({ script }: Compiled, bundle: string): void {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
}

/**
 * Keeps the code of all functions that were called until now; whole or not at all, as two builds may run at
 * once.
 */
export function writeCache({ script, checksum }: Compiled, bundle: string): void {
  const head = Buffer.alloc(CHECKSUM_BYTES);
  head.writeUInt32LE(checksum);
  const temporary = `${cacheOf(bundle)}.${process.pid}`;
  writeFileSync(temporary, Buffer.concat([head, script.createCachedData()]));
  renameSync(temporary, cacheOf(bundle));
}

/** V8 compares versions, but of the texts only their lengths. */
function readCache(bundle: string, checksum: number): Buffer | undefined {
  try {
    const cache = readFileSync(cacheOf(bundle));
    return cache.readUInt32LE() === checksum ? cache.subarray(CHECKSUM_BYTES) : undefined;
  } catch {
    return undefined;
  }
}
