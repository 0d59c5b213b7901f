import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { SERVICES } from "@medconnect/topology/services.ts";

/** Entry file of each process, by name. */
export const MAINS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SERVICES.map((name) => [name, `services/${name}/src/main.ts`])),
  gateway: "gateway/main.ts",
};

/** Program that runs a process's bundle. */
export const launcherOf = (name: string): string => `dist/${name}.cjs`;

/** A whole process with its libraries, in one file. */
export const bundleOf = (name: string): string => `dist/${name}.bundle.js`;

/** State of the files from which the bundles were built. */
export interface BundleStamp {
  /** Own source files. The lock file stands for the libraries. */
  inputs: string[];
  hash: string;
}

export const ROOT = join(import.meta.dirname, "../..");
export const STAMP_FILE = join(ROOT, "dist/stamp.json");
/** Further files that affect the bundles. */
const TOOLS = [
  "package-lock.json",
  "deploy/bundles/build.mjs",
  "deploy/bundles/bundles.ts",
  "deploy/bundles/make-code-cache.ts",
  "deploy/bundles/own-mappings.ts",
];

export function hashOf(inputs: readonly string[]): string {
  // V8 rejects code that another version of Node compiled.
  const hash = createHash("sha256").update(process.version);
  for (const file of [...TOOLS, ...inputs]) {
    const path = join(ROOT, file);
    hash.update(`${file}\0`).update(existsSync(path) ? readFileSync(path) : "");
  }
  return hash.digest("hex");
}

/** Builds the bundles if a file has changed since the last build. */
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
