import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { marked } from "marked";
import { placesOf } from "../openapi/operation-place.ts";
import type { Route } from "../rpc/routes.ts";
import { docsPage } from "./docs-page.ts";

/** Finds the folder by the name of its package, because bundled code runs in another folder than its source. */
const FOLDER = dirname(createRequire(import.meta.url).resolve("@medconnect/docs/guides/README.md"));
const INDEX = "README";
/** URL of the API in the guides, which a local system has. */
const LOCAL_URL = "http://localhost:8080";

/** Names of the guides without the extension, such as `book`. */
export const guideNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".md"))
    .map((file) => file.slice(0, -".md".length));

/** Path of a guide's HTML page. `/docs/guides/` lists the guides. */
export const guidePath = (name: string): string => `/docs/guides/${name === INDEX ? "" : name}`;

/** A guide for this deployment: its calls go to the deployment's URL, and operations are links to `/docs/`. */
export async function guideFor(name: string, routes: readonly Route[], apiUrl: string): Promise<string> {
  const places = placesOf(routes);
  const markdown = await readFile(join(FOLDER, `${name}.md`), "utf8");
  return markdown.replaceAll(LOCAL_URL, apiUrl).replaceAll(/`(\w+)`/g, (code, name: string) => {
    const place = places.get(name);
    return place === undefined ? code : `[${code}](${place})`;
  });
}

/** HTML page of a guide, in Markdown. */
export function guidePage(markdown: string): string {
  const [, title = ""] = /^# (.+)$/m.exec(markdown) ?? [];
  const withPages = markdown.replaceAll(/\]\(([a-z-]+)\.md\)/g, (_, name: string) => `](${guidePath(name)})`);
  return docsPage(title, marked.parse(withPages, { async: false }));
}
