import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { StaticPage, YEAR_SECONDS } from "./static-page.ts";

const { resolve } = createRequire(import.meta.url);
const PACKAGE = dirname(dirname(resolve("@scalar/api-reference")));
const FILES = join(PACKAGE, "dist/browser");
const ENTRY = "standalone.esm.js";

/** Where Scalar's scripts are served. The path has the version, so browsers may keep the scripts for good. */
const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
const BASE = `/docs/scalar-${version}`;

/** Scalar's scripts, by path: the module and the chunks that it loads. */
export function scalarPages(): [path: string, page: StaticPage][] {
  const chunks = readdirSync(join(FILES, "chunks")).filter((name) => name.endsWith(".js"));
  return [ENTRY, ...chunks.map((name) => `chunks/${name}`)].map((name) => [
    `${BASE}/${name}`,
    new StaticPage("text/javascript", YEAR_SECONDS, () => readFile(join(FILES, name))),
  ]);
}

/** Names of the chunks that a module imports. */
const IMPORTED = /(?:from|import)\s*["'`]\.\/(?:chunks\/)?([\w.-]+\.js)["'`]/g;

/**
 * Paths of the module that exports `createApiReference`, which is last, and of the chunks that it imports at its
 * start, directly or through each other; each after those that it imports. A page that fetches them together needs
 * one round trip instead of one for each level.
 */
export function scalarModules(): string[] {
  const visited = new Set<string>();
  const paths: string[] = [];
  const visit = (folder: string, name: string) => {
    const source = readFileSync(join(FILES, folder, name), "utf8");
    for (const [, chunk = ""] of source.matchAll(IMPORTED)) {
      if (visited.has(chunk)) continue;
      visited.add(chunk);
      visit("chunks", chunk);
      paths.push(`${BASE}/chunks/${chunk}`);
    }
  };
  visit("", ENTRY);
  return [...paths, `${BASE}/${ENTRY}`];
}
