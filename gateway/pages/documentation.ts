import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { openApiDocument } from "../openapi/document.ts";
import type { Route } from "../rpc/routes.ts";
import { errorsPage } from "./errors-page.ts";
import { llmsTxt } from "./llms-txt.ts";
import { type DemoAccounts, referencePage } from "./reference-page.ts";
import { scalarPages } from "./scalar.ts";
import { HOUR_SECONDS, StaticPage } from "./static-page.ts";

/** Finds files by the name of their package, because bundled code runs in another folder than its source. */
const { resolve } = createRequire(import.meta.url);
const BROWSER = dirname(resolve("@medconnect/gateway/pages/browser/errors.css"));
const GUIDES = dirname(resolve("@medconnect/docs/guides/README.md"));

export interface DocumentationOptions {
  routes: readonly Route[];
  /** URL at which clients reach the API, without a trailing slash. */
  apiUrl: string;
  demo: DemoAccounts;
}

/** Pages for developers, by path. All that they load comes from this host, too. */
export function documentation({ routes, apiUrl, demo }: DocumentationOptions): Map<string, StaticPage> {
  const reference = html(async () =>
    referencePage(demo, await readFile(join(BROWSER, "reference.css"), "utf8")),
  );
  return new Map([
    ["/docs", reference],
    ["/docs/", reference],
    ["/docs/errors", html(() => errorsPage(routes, apiUrl))],
    ["/docs/reference.js", file("text/javascript", BROWSER, "reference.js")],
    ["/docs/sign-in.js", file("text/javascript", BROWSER, "sign-in.js")],
    ["/docs/examples.js", file("text/javascript", BROWSER, "examples.js")],
    ["/docs/snippets.js", file("text/javascript", BROWSER, "snippets.js")],
    ["/docs/no-eval.js", file("text/javascript", BROWSER, "no-eval.js")],
    ["/docs/errors.css", file("text/css", BROWSER, "errors.css")],
    ["/favicon.ico", file("image/svg+xml", BROWSER, "icon.svg")],
    ...guides(),
    ...scalarPages(),
    ["/openapi.json", page("application/json", () => JSON.stringify(openApiDocument(routes, apiUrl)))],
    ["/llms.txt", page("text/plain", () => llmsTxt(routes, apiUrl))],
  ]);
}

const page = (type: string, make: ConstructorParameters<typeof StaticPage>[2]) =>
  new StaticPage(type, HOUR_SECONDS, make);
const html = (make: () => string | Promise<string>) => page("text/html", make);
const file = (type: string, folder: string, name: string) => page(type, () => readFile(join(folder, name)));

const guides = (): [string, StaticPage][] =>
  readdirSync(GUIDES).map((name) => [`/docs/guides/${name}`, file("text/markdown", GUIDES, name)]);
