import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
/** Words that must not lead a comment. */
const LEAD = "(?:By|Of|That which|What|Whether or not|Who|Whoever|Whom|Whose)\\b";
const DOCSTRING = `/\\*\\*\\s+(?:\\* )?${LEAD}`;
/** A comment of one line, or the first of several. */
const LINES = `(?<!//.*\\n *)(?<=^|\\s)// ${LEAD}`;
const COMMENT = new RegExp(`${DOCSTRING}|${LINES}`, "gm");

/** Maximum of such comments by folder. Lower a number after rewriting some; never raise one. */
const OLDER = {
  bench: 0,
  deploy: 0,
  dev: 0,
  docs: 0,
  gateway: 0,
  ops: 0,
  platform: 0,
  proto: 0,
  services: 93,
  test: 0,
  topology: 0,
};

test.each(Object.entries(OLDER))("comments in %s lead with a noun or a verb", (folder, most) => {
  const leads = globSync(`${folder}/**/*.{ts,mjs,proto}`, {
    cwd: ROOT,
    exclude: (path) => /node_modules|\bgen\b/.test(path),
  }).flatMap((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return [...text.matchAll(COMMENT)].map(
      ({ 0: lead, index }) => `${path}:${text.slice(0, index + lead.length).split("\n").length}`,
    );
  });
  expect(leads.length > most ? leads : []).toEqual([]);
});
