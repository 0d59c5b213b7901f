import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
/** A Markdown link to a path or an anchor in this repository. */
const LINK = /\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)/g;
const CODE = /^```.*?^```$/gms;
const HEADING = /^#+ (.+)$/gm;
/**
 * Maximum number of lines of a document. The changelog has no maximum, because it grows with each release. The
 * runbooks have a section for each alert.
 */
const MAX_LINES: Record<string, number> = {
  "README.md": 170,
  "CHANGELOG.md": Number.POSITIVE_INFINITY,
  "docs/runbooks.md": 400,
};
const USUAL_MAX_LINES = 300;
const MAX_PICTURE_BYTES = 200_000;

const documents = globSync("{*.md,{docs,deploy,clients}/**/*.md}", { cwd: ROOT });
const textOf = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** Anchor that GitHub makes for a heading. */
const anchorOf = (heading: string) =>
  `#${heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")}`;

function isBroken(from: string, path: string, anchor: string | undefined): boolean {
  const target = path === "" ? from : join(dirname(from), path);
  if (!existsSync(join(ROOT, target))) return true;
  if (anchor === undefined) return false;
  const headings = [...textOf(target).replace(CODE, "").matchAll(HEADING)];
  return !headings.some(([, heading]) => anchorOf(heading!) === anchor);
}

test.each(documents)("the links of %s exist", (document) => {
  const links = [...textOf(document).replace(CODE, "").matchAll(LINK)];
  const broken = links.filter(([, path, anchor]) => isBroken(document, path!, anchor));
  expect(broken.map(([link]) => link)).toEqual([]);
});

test.each(documents)("%s is short", (document) => {
  expect(textOf(document).split("\n").length).toBeLessThanOrEqual(MAX_LINES[document] ?? USUAL_MAX_LINES);
});

test("pictures are small", () => {
  const pictures = globSync("docs/images/*", { cwd: ROOT });
  expect(pictures.length).toBeGreaterThan(10);
  expect(pictures.filter((path) => statSync(join(ROOT, path)).size > MAX_PICTURE_BYTES)).toEqual([]);
});
