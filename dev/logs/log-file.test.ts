import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LogFile } from "./log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medconnect-logs-"));
  path = join(folder, "auth.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const contents = () =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

test("the lines of an earlier start move to another file", () => {
  writeFileSync(path, "earlier\n");
  new LogFile(path).write("now");
  expect(contents()).toEqual({ "auth.log": "now\n", "auth.log.1": "earlier\n" });
});

test("a full file moves, and the one before it goes", () => {
  const log = new LogFile(path, 12);
  const places = ["first", "second", "third", "4"].map((line) => log.write(line));
  expect(contents()).toEqual({ "auth.log": "third\n4\n", "auth.log.1": "second\n" });
  expect(places).toEqual([`${path}:1`, `${path}:1`, `${path}:1`, `${path}:2`]);
});
