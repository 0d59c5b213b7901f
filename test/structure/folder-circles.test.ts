import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { circlesIn, folderGraphOf, importsWithin, type Module } from "./folder-circles.ts";

const ROOT = join(import.meta.dirname, "../..");
const ROOMS = ["platform", "topology", "services", "gateway", "ops", "deploy", "dev"];

/** Makes the modules of an invented graph. The argument "a/x.ts b/y.ts" means that a/x.ts imports b/y.ts. */
function modulesOf(...imports: string[]): Module[] {
  const pairs = imports.map((line) => line.split(" ") as [string, string]);
  return [...new Set(pairs.flat())].map((source) => ({
    source,
    dependencies: pairs.filter(([from]) => from === source).map(([, resolved]) => ({ resolved })),
  }));
}

test.each<[string, string[], string[][]]>([
  ["one way", ["a/x.ts b/x.ts", "a/x.ts c/x.ts", "b/x.ts c/x.ts"], []],
  ["two folders through different files", ["a/x.ts b/x.ts", "b/y.ts a/y.ts"], [["a", "b"]]],
  ["three folders", ["a/x.ts b/x.ts", "b/y.ts c/x.ts", "c/y.ts a/y.ts", "d/x.ts a/x.ts"], [["a", "b", "c"]]],
  [
    "two circles that share a folder",
    ["a/x.ts b/x.ts", "b/x.ts a/y.ts", "b/x.ts c/x.ts", "c/x.ts b/y.ts"],
    [["a", "b", "c"]],
  ],
  [
    "two separate circles",
    ["a/x.ts b/x.ts", "b/x.ts a/y.ts", "b/x.ts c/x.ts", "c/x.ts d/x.ts", "d/x.ts c/y.ts"],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["a folder and the one above it", ["a/x.ts a/b/x.ts", "a/b/x.ts a/y.ts"], [["a", "a/b"]]],
  ["one folder with its own files", ["a/x.ts a/y.ts", "a/y.ts a/x.ts"], []],
  [
    "tests and fixtures",
    ["a/x.ts b/x.ts", "b/x.test.ts a/x.ts", "b/testing/x.ts a/x.ts", "b/x.ts b/testing/x.ts"],
    [],
  ],
  [
    "composition roots",
    [
      "services/s/src/app.ts services/s/src/f/x.ts",
      "services/s/src/f/x.ts services/s/src/app.ts",
      "gateway/app.ts gateway/f/x.ts",
      "gateway/f/x.ts gateway/app.ts",
    ],
    [],
  ],
  [
    "features of a service",
    ["services/s/src/f/x.ts services/s/src/g/x.ts", "services/s/src/g/x.ts services/s/src/f/y.ts"],
    [["services/s/src/f", "services/s/src/g"]],
  ],
  ["libraries", ["a/x.ts node_modules/l/x.js"], []],
])("circles in a graph with %s", (_, imports, circles) => {
  expect(circlesIn(folderGraphOf(modulesOf(...imports)))).toEqual(circles);
});

test("no folders import each other", async () => {
  const cli = join(ROOT, "node_modules/.bin/depcruise");
  const args = [cli, "--config", ".dependency-cruiser.cjs", "--output-type", "json", ...ROOMS];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 28 });
  const graph = folderGraphOf(JSON.parse(stdout).modules);
  expect(graph.size).toBeGreaterThan(50);
  expect(circlesIn(graph).map((circle) => importsWithin(graph, circle))).toEqual([]);
});
