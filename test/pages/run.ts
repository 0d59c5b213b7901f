// `npm run test:pages`: checks the pages of a running system in Chromium.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { createAdmin } from "@medconnect/dev/stack/create-admin.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { DEMO_PASSWORD, DEMO_SETTINGS } from "@medconnect/dev/stack/seed.ts";
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
    const tracesPort = await freePort();
    await withDemoStack(
      async (stack) => {
        const { urls, processes } = stack;
        const run = async (check: string, env: NodeJS.ProcessEnv = {}) => {
          const ours = {
            API_URL: urls.gateway,
            TRACES_URL: urls.traces,
            CHROME_PATH: browser,
            IMAGES,
            ...env,
          };
          report((await folder.runAside(process.execPath, [`checks/${check}.ts`], ours)).trimEnd());
        };
        const runAsAdmin = async (check: string) => {
          const admin = { email: `${check}@example.org`, password: DEMO_PASSWORD };
          await createAdmin(stack, { ...admin, fullName: "Ada Admin" });
          await run(check, { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password });
        };
        for (const check of ["docs", "phone", "accessibility", "traces"]) await run(check);
        for (const check of ["console", "console-views"]) await runAsAdmin(check);
        if (lighthouse) await run("lighthouse");
        if (screenshots) await run("screenshots");
        processes.auth.env.MFA_REQUIRED_ROLES = "ADMIN";
        processes.auth.env.ACCESS_TOKEN_TTL = "8s";
        await processes.auth.restart();
        await run("renewal");
        await runAsAdmin("first-sign-in");
      },
      { env: DEMO_SETTINGS, tracesPort },
    );
    return 0;
  },
});

const pathOf = (program: string): string =>
  spawnSync("which", [program], { encoding: "utf8" }).stdout?.trim() ?? "";
