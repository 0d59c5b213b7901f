import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";

/** Entry file of each process, by name. */
export const MAINS = Object.fromEntries(
  PROCESSES.map((name) => [name, name === "gateway" ? "gateway/main.ts" : `services/${name}/src/main.ts`]),
) as Readonly<Record<ProcessName, string>>;

/** Path of the program that runs a process's bundle. */
export const launcherOf = (name: string): string => `dist/${name}.cjs`;

/** Path of a process's bundle: its code and all its libraries in one file. */
export const bundleOf = (name: string): string => `dist/${name}.bundle.js`;

/** Files from which the bundles were built, and the hash of their content. */
export interface BundleStamp {
  /** Our own source files. Changes of libraries change the lock file, which is hashed too. */
  inputs: string[];
  hash: string;
}

export const ROOT = join(import.meta.dirname, "../..");
export const STAMP_FILE = join(ROOT, "dist/stamp.json");
/** Files that change the bundles, although the bundles do not contain them. */
const TOOLS = [
  "package-lock.json",
  "deploy/bundles/build.mjs",
  "deploy/bundles/bundles.ts",
  "deploy/bundles/make-code-cache.ts",
  "deploy/bundles/own-mappings.ts",
];

export function hashOf(inputs: readonly string[]): string {
  // The version of Node is part of the hash, because V8 rejects a code cache that another version has made.
  const hash = createHash("sha256").update(process.version);
  for (const file of [...TOOLS, ...inputs]) {
    const path = join(ROOT, file);
    hash.update(`${file}\0`).update(existsSync(path) ? readFileSync(path) : "");
  }
  return hash.digest("hex");
}

/**
 * Builds the bundles if a source file, a build file or the version of Node has changed since the last build.
 */
export async function ensureBundles(): Promise<void> {
  if (areCurrent()) return;
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, "deploy/bundles/build.mjs")]);
  } catch (error) {
    throw new SetupError(`Cannot build the bundles: ${(error as { stderr: string }).stderr.trim()}`);
  }
}

function areCurrent(): boolean {
  if (!existsSync(STAMP_FILE)) return false;
  const { inputs, hash }: BundleStamp = JSON.parse(readFileSync(STAMP_FILE, "utf8"));
  return hash === hashOf(inputs);
}
