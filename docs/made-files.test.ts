import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
/** Files that the commands of a document make in the folder of the repository. */
const MADE = [
  ["README.md", "book.mts"],
  ["clients/typescript/README.md", "medconnect-client-0.2.0.tgz"],
  ["docs/integrating.md", "openapi.json"],
  ["docs/integrating.md", "medconnect.d.ts"],
  ["docs/integrating.md", "client.pem"],
  ["docs/integrating.md", "unsigned.txt"],
  ["docs/tutorial.md", ".local/audit-events.ndjson"],
  ["docs/versioning.md", "medconnect.binpb"],
] as const;

test.each(MADE)("git ignores what %s makes: %s", (document, file) => {
  expect(readFileSync(join(ROOT, document), "utf8")).toContain(file);
  const folder = mkdtempSync(join(tmpdir(), "medconnect-made-"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  try {
    cpSync(join(ROOT, ".gitignore"), join(folder, ".gitignore"));
    git("init", "--quiet");
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), "");
    expect(git("status", "--porcelain", "--untracked-files=all")).toBe("?? .gitignore\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
