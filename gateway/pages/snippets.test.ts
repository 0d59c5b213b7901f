import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { openApiDocument } from "../openapi/document.ts";
import { contractRoutes } from "../testing/routes.ts";
import { API_URL } from "../testing/test-gateway.ts";
import { withSnippets } from "./browser/snippets.js";

const ROOT = join(import.meta.dirname, "../..");

interface Operation {
  operationId: string;
  "x-codeSamples": { source: string }[];
}

/** The TypeScript snippet of each operation, as the page makes it. */
function snippets(): [name: string, source: string][] {
  Object.assign(globalThis, { location: new URL(API_URL) });
  const { paths } = withSnippets(openApiDocument(contractRoutes, API_URL));
  const operations = Object.values<Record<string, Operation>>(paths).flatMap((path) => Object.values(path));
  return operations.map((each) => [each.operationId, each["x-codeSamples"][0]?.source ?? ""]);
}

/** Problems that the compiler finds in the files of a folder. */
async function compile(folder: string): Promise<string> {
  const config = {
    extends: join(ROOT, "tsconfig.base.json"),
    include: ["*.ts"],
    // A snippet ends with the answer, which the reader uses.
    compilerOptions: { noUnusedLocals: false },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "-p", folder]);
  return await tsc.then(
    () => "",
    ({ stdout }) => stdout,
  );
}

test("the TypeScript snippets at /docs compile with the client", async () => {
  mkdirSync(join(ROOT, ".local"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".local/snippets-"));
  try {
    const all = snippets();
    for (const [name, source] of all) writeFileSync(join(folder, `${name}.ts`), source);
    expect(all).toHaveLength(contractRoutes.length);
    expect(await compile(folder)).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
