import { ensureBundles, launcherOf, MAINS } from "@medconnect/deploy/bundles/bundles.ts";
import { NODE_FLAGS } from "@medconnect/deploy/bundles/node-flags.ts";
import type { ProcessName } from "@medconnect/topology/services.ts";

/** Code that the processes run. */
export interface Program {
  /** Builds the code unless it is current. Throws SetupError. */
  build(): Promise<void>;
  /** Arguments with which Node runs a process. Paths are relative to the repository. */
  argsOf(name: ProcessName): string[];
}

/** Bundles, as in the image. */
export const BUNDLES: Program = {
  build: ensureBundles,
  argsOf: (name) => [...NODE_FLAGS, launcherOf(name)],
};

export const SOURCES: Program = {
  build: async () => {},
  argsOf: (name) => [...NODE_FLAGS, MAINS[name]],
};
