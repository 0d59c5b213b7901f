import { SourceMap } from "node:module";
import { expect, test } from "@jest/globals";
import { ownMappings } from "./own-mappings.ts";

/**
 * A source map of a bundle with four lines:
 *
 * 1. line 1 of the library, in two segments
 * 2. line 3 of our file, in two segments
 * 3. line 40 of our file, then line 9 of the library
 * 4. empty, like the last line in esbuild's source maps
 *
 * Some differences are negative: a segment may point to an earlier line or column than the segment before it.
 */
const map = {
  version: 3,
  file: "bundle.cjs",
  sources: ["node_modules/library/index.js", "ours.ts"],
  names: [],
  mappings: "AAAA,IAAI;ACEA,IAAC;AAqCD,IDjCJ;",
};

const isOwn = (source: string) => source === "ours.ts";

/** Source line of a position in the bundle. Lines and columns count from 0. */
function lineOf(mapped: typeof map, line: number, column: number): string | undefined {
  const entry = new SourceMap({ ...mapped, sourcesContent: [], sourceRoot: "" }).findEntry(line, column);
  return "originalSource" in entry && entry.originalSource
    ? `${entry.originalSource}:${entry.originalLine}`
    : undefined;
}

test.each([
  [1, 0],
  [1, 4],
  [2, 0],
  [2, 2],
])("line %i, column %i of the bundle keeps its line of our sources", (line, column) => {
  expect(lineOf(map, line, column)).toMatch(/^ours\.ts:/);
  expect(lineOf(ownMappings(map, isOwn), line, column)).toBe(lineOf(map, line, column));
});

test("keeps the first segment of each line", () => {
  const { mappings } = ownMappings({ ...map, mappings: "ACEA,IAAC;AAAC,IACD" }, isOwn);
  expect(mappings).toBe("ACEA;IACC");
});

test.each([
  [0, 0],
  [0, 4],
  [2, 4],
  [2, 9],
])("line %i, column %i of the bundle, a library's, has no line", (line, column) => {
  expect(lineOf(map, line, column)).toMatch(/^node_modules/);
  expect(lineOf(ownMappings(map, isOwn), line, column)).toBeUndefined();
});

test("keeps numbers of several digits", () => {
  // Differences of 2^20 columns, and of as many lines forward and back.
  const far = { ...map, sources: ["ours.ts"], mappings: "AAAA,ggggCAggggCggggC,CAhgggChgggC" };
  expect(ownMappings(far, isOwn).mappings).toBe(far.mappings);
});
