import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { CONSOLE_FOLDER, CONSOLE_PATHS, consoleUrl } from "@medconnect/console/paths.ts";
import { escaped } from "./escape-html.ts";
import { StaticPage, YEAR_SECONDS } from "./static-page.ts";

/** Finds the folder by the name of its package, because bundled code runs in another folder than its source. */
const { resolve } = createRequire(import.meta.url);
const FILES = join(dirname(resolve("@medconnect/console/package.json")), "gen");
const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };

export interface ConsoleOptions {
  /** URL of a trace at the deployment's viewer, with `{traceId}`; empty: there is none. */
  traceUrl: string;
}

/** HTML pages of the console, by path. */
export function consolePages({ traceUrl }: ConsoleOptions): [path: string, page: StaticPage][] {
  // Browsers ask for the page each time, because its scripts change with each release.
  const page = new StaticPage("text/html", 0, () => html(readdirSync(FILES), traceUrl));
  return [`${CONSOLE_FOLDER}/`, ...CONSOLE_PATHS.map(consoleUrl)].map((path) => [path, page]);
}

/** Scripts and styles of the console, by path. Their names have a hash, so browsers may keep them for good. */
export const consoleFiles = (): [path: string, file: StaticPage][] =>
  readdirSync(FILES).map((name) => [
    `${CONSOLE_FOLDER}/${name}`,
    new StaticPage(TYPES[extname(name)] ?? "", YEAR_SECONDS, () => readFile(join(FILES, name))),
  ]);

function html(files: readonly string[], traceUrl: string): string {
  const path = (type: string) => `${CONSOLE_FOLDER}/${files.find((name) => name.endsWith(type))}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MedConnect</title>
<meta name="description" content="Console of MedConnect for admins.">
<meta name="robots" content="noindex">
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="stylesheet" href="${path(".css")}">
<script type="module" src="${path(".js")}"></script>
</head>
<body>
<noscript>The console needs JavaScript.</noscript>
<div id="console" data-trace-url="${escaped(traceUrl)}"></div>
</body>
</html>
`;
}
