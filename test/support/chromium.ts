import { spawnSync } from "node:child_process";
import { report } from "./tool-folder.ts";

const BROWSERS = ["chromium", "google-chrome", "chrome"];

/** Path of Chromium on this machine. If there is none, prints a note and returns undefined. */
export function findChromium(): string | undefined {
  const browser = process.env.CHROME_PATH ?? BROWSERS.map(pathOf).find(Boolean);
  if (!browser) report("SKIPPED: no Chromium on this machine; install it, or set CHROME_PATH");
  return browser;
}

const pathOf = (program: string): string =>
  spawnSync("which", [program], { encoding: "utf8" }).stdout?.trim() ?? "";
