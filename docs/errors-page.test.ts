import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { errorsPage } from "./errors-page.ts";

test("docs/errors.md is the output of `npm run docs:errors`", () => {
  expect(readFileSync(join(import.meta.dirname, "errors.md"), "utf8")).toBe(errorsPage());
});
