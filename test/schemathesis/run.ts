// `npm run test:schemathesis`: sends generated requests to each operation of the OpenAPI document as each role, and
// compares the answers with the document.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Stack } from "@medconnect/dev/stack/stack.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError, UsageError } from "@medconnect/ops/command/setup-error.ts";
import { installPython } from "../support/python.ts";
import { HIGH_RATE_LIMITS } from "../support/rate-limits.ts";
import { report, ToolFolder, withDemoStack } from "../support/tool-folder.ts";
import { ROLES, type Role, writeCast } from "./cast.ts";
import { usage } from "./run.usage.mjs";

/** Limits that the requests do not reach, because a refusal would hide what the operation does. */
const HIGH_LIMITS = {
  ...HIGH_RATE_LIMITS,
  LOGIN_FAILURES: "1000000",
  LOGIN_FAILURES_PER_HOUR: "1000000",
  MFA_FAILURES: "1000000",
};

runCommand({
  ...usage,
  run: async ({ "max-examples": maxExamples, seed, role }) => {
    const roles = rolesIn(role ?? [...ROLES]);
    const folder = new ToolFolder(import.meta.dirname, "schemathesis");
    const programs = installPython(folder, "Schemathesis", ["--requirement", "requirements.txt"]);
    if (programs === undefined) return 0;
    const run = { folder, program: join(programs, "schemathesis"), maxExamples, seed };
    const withFindings: Role[] = [];
    await withDemoStack(
      async (stack) => {
        for (const each of roles) if (await hasFindings(each, stack, run)) withFindings.push(each);
      },
      { env: HIGH_LIMITS },
    );
    report(
      withFindings.length > 0
        ? `findings as ${withFindings.join(", ")}`
        : `no findings as ${roles.join(", ")}`,
    );
    return withFindings.length > 0 ? 1 : 0;
  },
});

interface Run {
  folder: ToolFolder;
  program: string;
  maxExamples: string;
  seed: string;
}

function rolesIn(names: readonly string[]): Role[] {
  const unknown = names.find((name) => !ROLES.some((role) => role === name));
  if (unknown !== undefined) throw new UsageError(`--role must be ${ROLES.join(", ")}, not "${unknown}".`);
  return ROLES.filter((role) => names.includes(role));
}

/** Sends the requests of a role, and prints the findings. */
async function hasFindings(
  role: Role,
  stack: Stack,
  { folder, program, maxExamples, seed }: Run,
): Promise<boolean> {
  report(`As ${role} …`);
  await writeCast(role, stack, folder.path);
  const document = `${stack.urls.gateway}/openapi.json`;
  const { status, signal, error } = spawnSync(
    program,
    ["run", document, "--max-examples", maxExamples, "--seed", seed],
    { cwd: folder.path, stdio: "inherit" },
  );
  if (status !== 0 && status !== 1) throw new SetupError(`Schemathesis failed: ${error ?? signal ?? status}`);
  return status === 1;
}
