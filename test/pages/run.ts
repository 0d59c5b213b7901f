// `npm run test:pages`: checks the documentation pages of a running system in Chromium.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { DEMO_SETTINGS } from "@medconnect/dev/stack/seed.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { OUR_BIN, report, ToolFolder, withDemoStack } from "../support/tool-folder.ts";
import { usage } from "./run.usage.mjs";

const IMAGES = join(import.meta.dirname, "../../docs/images");
const BROWSERS = ["chromium", "google-chrome", "chrome"];

runCommand({
  ...usage,
  run: async ({ lighthouse, screenshots }) => {
    const browser = process.env.CHROME_PATH ?? BROWSERS.map(pathOf).find(Boolean);
    if (!browser) {
      report("SKIPPED: no Chromium on this machine; install it, or set CHROME_PATH");
      return 0;
    }
    const folder = new ToolFolder(import.meta.dirname, "pages");
    folder.run(join(OUR_BIN, "tsc"), ["--noEmit", "-p", "tsconfig.json"]);
    await withDemoStack(async ({ urls, processes }) => {
      const env = { API_URL: urls.gateway, CHROME_PATH: browser, IMAGES };
      const run = (check: string) =>
        report(folder.run(process.execPath, [`checks/${check}.ts`], env).trimEnd());
      const checks = ["docs", "phone", "accessibility"];
      if (lighthouse) checks.push("lighthouse");
      if (screenshots) checks.push("screenshots");
      checks.forEach(run);
      processes.auth.env.ACCESS_TOKEN_TTL = "8s";
      await processes.auth.restart();
      run("renewal");
    }, DEMO_SETTINGS);
    return 0;
  },
});

const pathOf = (program: string): string =>
  spawnSync("which", [program], { encoding: "utf8" }).stdout?.trim() ?? "";
