import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { openApiDocument } from "../openapi/document.ts";
import { introduction } from "../openapi/introduction.ts";
import { tagsOf } from "../openapi/tags.ts";
import type { Route } from "../rpc/routes.ts";
import { errorsPage } from "./errors-page.ts";
import { guideFor, guideNames, guidePage, guidePath } from "./guide.ts";
import { llmsTxt } from "./llms-txt.ts";
import { type DemoAccounts, referencePage } from "./reference-page.ts";
import { scalarPages } from "./scalar.ts";
import { HOUR_SECONDS, StaticPage } from "./static-page.ts";

/** Finds files by the name of their package, because bundled code runs in another folder than its source. */
const { resolve } = createRequire(import.meta.url);
const BROWSER = dirname(resolve("@medconnect/gateway/pages/browser/docs.css"));

export interface DocumentationOptions {
  routes: readonly Route[];
  /** URL at which clients reach the API, without a trailing slash. */
  apiUrl: string;
  demo: DemoAccounts;
}

/** HTML pages for developers, by path. All that they load comes from this host, too. */
export function documentationPages({
  routes,
  apiUrl,
  demo,
}: DocumentationOptions): [path: string, page: StaticPage][] {
  const reference = html(async () =>
    referencePage({
      introduction: introduction(routes, apiUrl),
      tasks: tagsOf(routes, apiUrl),
      demo,
      styles: await styles("reference.css"),
    }),
  );
  return [
    ["/docs", reference],
    ["/docs/", reference],
    ["/docs/errors", html(() => errorsPage(routes, apiUrl))],
    ...guideNames().map((name): [string, StaticPage] => [
      guidePath(name),
      html(async () => guidePage(await guideFor(name, routes, apiUrl))),
    ]),
  ];
}

/** Files that the pages load or that programs read, by path. */
export function documentationFiles({
  routes,
  apiUrl,
}: DocumentationOptions): [path: string, file: StaticPage][] {
  return [
    ...namesIn(BROWSER, ".js").map(scriptAt),
    ["/docs/docs.css", page("text/css", () => styles("docs.css"))],
    ["/favicon.ico", file("image/svg+xml", BROWSER, "icon.svg")],
    ...guideNames().map((name): [string, StaticPage] => [
      `/docs/guides/${name}.md`,
      page("text/markdown", () => guideFor(name, routes, apiUrl)),
    ]),
    ...scalarPages(),
    ["/openapi.json", page("application/json", () => JSON.stringify(openApiDocument(routes, apiUrl)))],
    ["/llms.txt", page("text/plain", () => llmsTxt(routes, apiUrl))],
  ];
}

const page = (type: string, make: ConstructorParameters<typeof StaticPage>[2]) =>
  new StaticPage(type, HOUR_SECONDS, make);
const html = (make: () => string | Promise<string>) => page("text/html", make);
const file = (type: string, folder: string, name: string) => page(type, () => readFile(join(folder, name)));

/** Styles of a page, after those of the bar that all pages have. */
const styles = async (name: string): Promise<string> =>
  (await Promise.all(["bar.css", name].map((file) => readFile(join(BROWSER, file), "utf8")))).join("");

const namesIn = (folder: string, extension: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith(extension));

const scriptAt = (name: string): [string, StaticPage] => [
  `/docs/${name}`,
  file("text/javascript", BROWSER, name),
];
