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

/** Path of the module that exports `createApiReference`. */
export const SCALAR_PATH = `${BASE}/${ENTRY}`;

/** Scalar's scripts, by path: the module and the chunks that it loads. */
export function scalarPages(): [path: string, page: StaticPage][] {
  const chunks = readdirSync(join(FILES, "chunks")).filter((name) => name.endsWith(".js"));
  return [ENTRY, ...chunks.map((name) => `chunks/${name}`)].map((name) => [
    `${BASE}/${name}`,
    new StaticPage("text/javascript", YEAR_SECONDS, () => readFile(join(FILES, name))),
  ]);
}

/**
 * Paths of the chunks that the module imports at its start, directly or through each other. A page that
 * preloads them needs one round trip instead of one for each level.
 */
export function scalarPreloads(): string[] {
  const found = new Set<string>();
  const visit = (folder: string, name: string) => {
    const source = readFileSync(join(FILES, folder, name), "utf8");
    for (const [, chunk = ""] of source.matchAll(
      /(?:from|import)\s*["'`]\.\/(?:chunks\/)?([\w.-]+\.js)["'`]/g,
    )) {
      if (found.has(chunk)) continue;
      found.add(chunk);
      visit("chunks", chunk);
    }
  };
  visit("", ENTRY);
  return [...found].map((chunk) => `${BASE}/chunks/${chunk}`);
}
