import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { SERVICES } from "@medconnect/topology/services.ts";

/** The file that each process starts in, by its name. */
export const MAINS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SERVICES.map((name) => [name, `services/${name}/src/main.ts`])),
  gateway: "gateway/main.ts",
};

/** The program of a process, which runs its bundle. */
export const launcherOf = (name: string): string => `dist/${name}.cjs`;

/** The file that holds a whole process, with its libraries. */
export const bundleOf = (name: string): string => `dist/${name}.bundle.js`;

/** Tells for which state of which files the bundles were built. */
export interface BundleStamp {
  /** Own files that went into them; libraries are as the lock file says. */
  inputs: string[];
  hash: string;
}

export const ROOT = join(import.meta.dirname, "../..");
export const STAMP_FILE = join(ROOT, "dist/stamp.json");
/** Files that decide about the bundles beside their inputs. */
const TOOLS = [
  "package-lock.json",
  "deploy/bundles/build.mjs",
  "deploy/bundles/bundles.ts",
  "deploy/bundles/make-code-cache.ts",
  "deploy/bundles/own-mappings.ts",
];

export function hashOf(inputs: readonly string[]): string {
  // Another version of Node would not take the compiled code.
  const hash = createHash("sha256").update(process.version);
  for (const file of [...TOOLS, ...inputs]) {
    const path = join(ROOT, file);
    hash.update(`${file}\0`).update(existsSync(path) ? readFileSync(path) : "");
  }
  return hash.digest("hex");
}

/** Builds the bundles, unless they are of the files as they are now. */
export async function ensureBundles(): Promise<void> {
  if (areCurrent()) return;
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, "deploy/bundles/build.mjs")]);
  } catch (error) {
    throw new SetupError(`The bundles cannot be built: ${(error as { stderr: string }).stderr.trim()}`);
  }
}

function areCurrent(): boolean {
  if (!existsSync(STAMP_FILE)) return false;
  const { inputs, hash }: BundleStamp = JSON.parse(readFileSync(STAMP_FILE, "utf8"));
  return hash === hashOf(inputs);
}
