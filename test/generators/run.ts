// `npm run test:generators`: makes clients from the OpenAPI document with public generators, checks their
// types, and books an appointment with each.
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "@medconnect/dev/engines/server.ts";
import { seed } from "@medconnect/dev/stack/seed.ts";
import { STACK_STEPS, startStack } from "@medconnect/dev/stack/stack.ts";
import { terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { runMain } from "@medconnect/ops/command/command.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Copy of this folder, with what is installed and generated. */
const FOLDER = join(ROOT, ".local/generators");
const GENERATED = join(FOLDER, "generated");
const PYTHON = join(FOLDER, "python");
const OUR_BIN = join(ROOT, "node_modules/.bin");
const TYPESCRIPT_JOURNEYS = ["openapi-fetch", "hey-api"];
/** Operations that openapi-python-client leaves out: it does not know the media type. */
const UNKNOWN_TO_PYTHON = ["GET /v1/admin/audit-events/export"];
const bundleOf = (journey: string) => join(GENERATED, `${journey}.mjs`);

runMain(async () => {
  const signal = stopSignal(() => {
    Server.killAll();
    process.exit(1);
  });
  report("Making clients …");
  await cp(import.meta.dirname, FOLDER, { recursive: true });
  generateTypeScript(await writeDocument());
  const hasPython = generatePython();
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-generators-"));
  const stack = await startStack({
    dataDir,
    env: {},
    durable: false,
    logs: "files",
    progress: terminalProgress(STACK_STEPS),
    signal,
  });
  try {
    await seed(stack);
    const env = { API_URL: stack.urls.gateway };
    for (const journey of TYPESCRIPT_JOURNEYS) run(process.execPath, [bundleOf(journey)], env);
    if (hasPython) run(join(PYTHON, "bin/python"), ["journeys/python.py"], { ...env, PYTHONPATH: GENERATED });
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  report(`booked with openapi-fetch, hey-api${hasPython ? " and openapi-python-client" : ""}`);
  return 0;
});

/** Writes the document, and returns its file. */
async function writeDocument(): Promise<string> {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(join(GENERATED, "openapi-typescript"), { recursive: true });
  const file = join(GENERATED, "openapi.json");
  await writeFile(file, JSON.stringify(openApiDocument(contractRoutes, "https://api.example.org")));
  return file;
}

function generateTypeScript(document: string): void {
  run("npm", ["ci", "--silent"]);
  const bin = (name: string) => join(FOLDER, "node_modules/.bin", name);
  run(bin("openapi-typescript"), [document, "-o", join(GENERATED, "openapi-typescript/schema.d.ts")]);
  run(bin("openapi-ts"), ["-i", document, "-o", join(GENERATED, "hey-api")]);
  run(join(OUR_BIN, "tsc"), ["-p", "tsconfig.json"]);
  // Apps bundle such clients: generated files import each other by names that Node does not find.
  const entries = TYPESCRIPT_JOURNEYS.map((name) => `journeys/${name}.ts`);
  run(join(OUR_BIN, "esbuild"), [
    ...entries,
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--out-extension:.js=.mjs",
    `--outdir=${GENERATED}`,
  ]);
}

/** Generates a Python client. Returns false if this machine cannot install the generator. */
function generatePython(): boolean {
  const pip = [join(PYTHON, "bin/pip"), "install", "--quiet", "openapi-python-client==0.29.1"] as const;
  for (const [program, ...args] of [["python3", "-m", "venv", PYTHON], pip] as const) {
    const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
    if (status === 0) continue;
    report(`SKIPPED openapi-python-client: ${[program, ...args].join(" ")} failed here: ${error ?? stderr}`);
    return false;
  }
  const output = join(GENERATED, "med_connect_api_client");
  const args = ["--path", join(GENERATED, "openapi.json"), "--output-path", output, "--meta", "none"];
  const said = run(join(PYTHON, "bin/openapi-python-client"), ["generate", ...args]);
  const warnings = [...said.matchAll(/^WARNING parsing (\S+ \S+)/gm)].map(([, operation]) => operation ?? "");
  const unexpected = warnings.filter((operation) => !UNKNOWN_TO_PYTHON.includes(operation));
  if (unexpected.length > 0 || /removal of/.test(said))
    throw new Error(`openapi-python-client left out:\n${said}`);
  return true;
}

/** Runs a program in the copy of this folder. Throws unless it succeeds. @returns what it printed */
function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: FOLDER,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout + stderr;
}

const report = (text: string) => process.stdout.write(`${text}\n`);
