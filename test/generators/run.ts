// `npm run test:generators`: makes clients from the OpenAPI document with public generators, checks their
// types, and books an appointment with each.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { runMain } from "@medconnect/ops/command/command.ts";
import { installPython } from "../support/python.ts";
import { OUR_BIN, report, ToolFolder, withDemoStack } from "../support/tool-folder.ts";

const TYPESCRIPT_JOURNEYS = ["openapi-fetch", "hey-api"];
/** Operations that openapi-python-client leaves out: it does not know the media type. */
const UNKNOWN_TO_PYTHON = ["GET /v1/admin/audit-events/export"];

runMain(async () => {
  report("Making clients …");
  const folder = new ToolFolder(import.meta.dirname, "generators");
  const generated = join(folder.path, "generated");
  generateTypeScript(folder, await writeDocument(generated));
  const python = installPython(folder, "openapi-python-client", ["openapi-python-client==0.29.1"]);
  if (python !== undefined) generatePython(folder, generated, python);
  await withDemoStack(({ urls }) => {
    const env = { API_URL: urls.gateway };
    for (const journey of TYPESCRIPT_JOURNEYS) {
      folder.run(process.execPath, [join(generated, `${journey}.mjs`)], env);
    }
    const inPython = { ...env, PYTHONPATH: generated };
    if (python !== undefined) folder.run(join(python, "python"), ["journeys/python.py"], inPython);
  });
  report(`booked with openapi-fetch, hey-api${python !== undefined ? " and openapi-python-client" : ""}`);
  return 0;
});

/** Writes the document, and returns its file. */
async function writeDocument(generated: string): Promise<string> {
  await rm(generated, { recursive: true, force: true });
  await mkdir(join(generated, "openapi-typescript"), { recursive: true });
  const file = join(generated, "openapi.json");
  await writeFile(file, JSON.stringify(openApiDocument(contractRoutes, "https://api.example.org")));
  return file;
}

function generateTypeScript(folder: ToolFolder, document: string): void {
  folder.run(folder.bin("openapi-typescript"), [document, "-o", "generated/openapi-typescript/schema.d.ts"]);
  folder.run(folder.bin("openapi-ts"), ["-i", document, "-o", "generated/hey-api"]);
  folder.run(join(OUR_BIN, "tsc"), ["-p", "tsconfig.json"]);
  // Apps bundle such clients: generated files import each other by names that Node does not find.
  const entries = TYPESCRIPT_JOURNEYS.map((name) => `journeys/${name}.ts`);
  folder.run(join(OUR_BIN, "esbuild"), [
    ...entries,
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--out-extension:.js=.mjs",
    "--outdir=generated",
  ]);
}

/** Generates a Python client. @param python folder of the generator's programs */
function generatePython(folder: ToolFolder, generated: string, python: string): void {
  const output = join(generated, "med_connect_api_client");
  const args = ["--path", join(generated, "openapi.json"), "--output-path", output, "--meta", "none"];
  const said = folder.run(join(python, "openapi-python-client"), ["generate", ...args]);
  const warnings = [...said.matchAll(/^WARNING parsing (\S+ \S+)/gm)].map(([, operation]) => operation ?? "");
  const unexpected = warnings.filter((operation) => !UNKNOWN_TO_PYTHON.includes(operation));
  if (unexpected.length > 0 || /removal of/.test(said))
    throw new Error(`openapi-python-client left out:\n${said}`);
}
