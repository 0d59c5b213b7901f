// `npm run test:pages`: checks the pages of a running system in Chromium.
import { join } from "node:path";
import type { Server } from "@medconnect/dev/engines/server.ts";
import { createAdmin } from "@medconnect/dev/stack/create-admin.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { DEMO_PASSWORD, DEMO_SETTINGS } from "@medconnect/dev/stack/seed.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { findChromium } from "../support/chromium.ts";
import { addDeadEvent } from "../support/dead-letters.ts";
import { addSampleFigures } from "../support/sample-figures.ts";
import { OUR_BIN, report, ToolFolder, withDemoStack } from "../support/tool-folder.ts";
import { usage } from "./run.usage.mjs";

const IMAGES = join(import.meta.dirname, "../../docs/images");
const SETTINGS = { ...DEMO_SETTINGS, TRACE_URL_TEMPLATE: "https://traces.example.org/{traceId}" };
/** Age of a sign-in that billing takes for fresh. */
const FRESH_MS = 15_000;

runCommand({
  ...usage,
  run: async ({ lighthouse, screenshots }, only) => {
    const browser = findChromium();
    if (!browser) return 0;
    const folder = new ToolFolder(import.meta.dirname, "pages");
    folder.run(join(OUR_BIN, "tsc"), ["--noEmit", "-p", "tsconfig.json"]);
    const tracesPort = await freePort();
    const isWanted = (check: string) => only.length === 0 || only.some((part) => check.includes(part));
    await withDemoStack(
      async (stack) => {
        const { urls, processes } = stack;
        process.env.STACK_JSON = stack.file;
        const run = async (check: string, env: NodeJS.ProcessEnv = {}) => {
          if (!isWanted(check)) return;
          const ours = {
            API_URL: urls.gateway,
            TRACES_URL: urls.traces,
            CHROME_PATH: browser,
            IMAGES,
            ...env,
          };
          report((await folder.runAside(process.execPath, [`checks/${check}.ts`], ours)).trimEnd());
        };
        const runAsAdmin = async (check: string, env: NodeJS.ProcessEnv = {}) => {
          const admin = { email: `${check}@example.org`, password: DEMO_PASSWORD };
          await createAdmin(stack, { ...admin, fullName: "Ada Admin" });
          await run(check, { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, ...env });
        };
        for (const check of ["docs", "tasks", "phone", "accessibility", "traces"]) await run(check);
        for (const check of ["console", "console-views"]) await runAsAdmin(check);
        if (lighthouse) await run("lighthouse");
        if (screenshots) {
          await run("screenshots");
          await addSampleFigures();
          await runAsAdmin("console-screenshots");
        }

        await addDeadEvent();
        await restart(processes.billing, { REAUTHENTICATION_AGE: `${FRESH_MS}ms` });
        await runAsAdmin("admin-work", { REAUTHENTICATION_AGE_MS: `${FRESH_MS}` });
        await restart(processes.auth, { ACCESS_TOKEN_TTL: "8s" });
        await run("renewal");
        // From here on, the demo accounts cannot sign in, because their addresses are not verified.
        await restart(processes.auth, { MFA_REQUIRED_ROLES: "ADMIN", EMAIL_VERIFICATION: "required" });
        await run("mail-links", { MAIL_FOLDER: stack.mailFolder });
        await runAsAdmin("first-sign-in");
      },
      { env: SETTINGS, tracesPort },
    );
    return 0;
  },
});

async function restart(server: Server, env: NodeJS.ProcessEnv): Promise<void> {
  Object.assign(server.env, env);
  await server.restart();
}
