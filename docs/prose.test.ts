import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";

const ROOT = join(import.meta.dirname, "..");
/** Words with which no comment may begin. */
const LEAD = "(?:By|Of|That which|What|Whether or not|Who|Whoever|Whom|Whose)\\b";
const DOCSTRING = `/\\*\\*\\s+(?:\\* )?${LEAD}`;
/** A comment whose first line begins with such a word. */
const lines = (mark: string) => `(?<!${mark}.*\\n *)(?<=^|\\s)${mark} ${LEAD}`;

/** Comments that begin with such a word, by file extension. */
const COMMENTS = {
  "{ts,tsx,mjs,cjs,proto}": new RegExp(`${DOCSTRING}|${lines("//")}`, "gm"),
  sql: new RegExp(lines("--"), "gm"),
  "{yml,yaml,sh}": new RegExp(lines("#"), "gm"),
};

const FOLDERS = [
  "bench",
  "clients",
  "console",
  "deploy",
  "dev",
  "docs",
  "gateway",
  "ops",
  "platform",
  "proto",
  "services",
  "test",
  "topology",
];

/** The page that says that the API takes a verb after a colon, too. */
const BOTH_FORMS = "docs/integrating.md";

test("pages write the verb of a path after a slash, as the OpenAPI document does", () => {
  const pages = globSync("{*.md,{bench,clients,deploy,docs}/**/*.md}", {
    cwd: ROOT,
    exclude: (path) => path.includes("node_modules"),
  });
  expect(pages.length).toBeGreaterThan(50);
  const verbs = new Set(contractRoutes.flatMap(({ template }) => template.verb || []));
  const colon = new RegExp(`(?:\`|/\\S*[\\w})]):(?:${[...verbs].join("|")})\\b`);
  const colons = pages.filter((path) => {
    // Without protos, which have a colon, and without output, which has the routes of metrics.
    const prose = readFileSync(join(ROOT, path), "utf8").replaceAll(/"\/v1[^"]*"|^```\n.*?^```$/gms, "");
    return path !== BOTH_FORMS && colon.test(prose);
  });
  expect(colons).toEqual([]);
});

test.each(FOLDERS)("comments in %s lead with a noun or a verb", (folder) => {
  const leads = Object.entries(COMMENTS).flatMap(([extension, comment]) =>
    globSync(`${folder}/**/*.${extension}`, {
      cwd: ROOT,
      exclude: (path) => /node_modules|\bgen\b|proto\/(vendor|protoc-21)/.test(path),
    }).flatMap((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return [...text.matchAll(comment)].map(
        ({ 0: lead, index }) => `${path}:${text.slice(0, index + lead.length).split("\n").length}`,
      );
    }),
  );
  expect(leads).toEqual([]);
});
