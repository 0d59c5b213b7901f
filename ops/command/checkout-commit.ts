import { spawnSync } from "node:child_process";

/** Commit of the checkout that runs this code; undefined in an image, or without git. */
export const checkoutCommit = (): string | undefined =>
  spawnSync("git", ["rev-parse", "HEAD"], { cwd: import.meta.dirname, encoding: "utf8" }).stdout?.trim() ||
  undefined;
