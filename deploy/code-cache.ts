import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { constants, Script } from "node:vm";
import { crc32 } from "node:zlib";

/*
 * Bundles, and the code that V8 has compiled of them. Node's own cache (NODE_COMPILE_CACHE) keeps a module's code as it is
 * before it runs, when nearly all functions are still to be compiled.
 */

const CHECKSUM_BYTES = 4;
const cacheOf = (bundle: string): string => `${bundle}.cache`;

/** Compiles a bundle, which is a function as Node wraps CommonJS modules; from its cache if that is of this text and V8. */
export function compile(bundle: string): Script {
  const bytes = readFileSync(bundle);
  return new Script(bytes.toString("latin1"), {
    filename: bundle,
    cachedData: readCache(bundle, crc32(bytes)),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

export function run(script: Script, bundle: string): void {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
}

/** Keeps the code of all functions that were called until now. */
export function writeCache(bundle: string, script: Script): void {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(readFileSync(bundle)));
  writeFileSync(cacheOf(bundle), Buffer.concat([checksum, script.createCachedData()]));
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
