// `npm run build:client`: builds the package in .local/client, for `npm pack`. The sources of this package need no build:
// Node runs them as they are.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const FOLDER = import.meta.dirname;
const ROOT = join(FOLDER, "../..");
const DIST = join(ROOT, ".local/client");

const OPTIONS = {
  absWorkingDir: FOLDER,
  outdir: DIST,
  bundle: true,
  format: "esm",
  platform: "neutral",
  external: ["node:*"],
  target: "es2022",
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
};

rmSync(DIST, { recursive: true, force: true });
await build({
  ...OPTIONS,
  entryPoints: { index: "src/index.ts", "file-tokens": "src/file-tokens.ts" },
  splitting: true,
});
// A bundle of its own: the CLI looks RPCs up by name, so code that it shared would keep all of them.
await build({ ...OPTIONS, entryPoints: { medconnect: "src/cli/main.ts" } });
execFileSync(
  join(ROOT, "node_modules/.bin/tsc"),
  ["--project", join(FOLDER, "tsconfig.build.json"), "--outDir", join(DIST, "types")],
  {
    stdio: "inherit",
  },
);
// The CLI has no types for others, but the compiler checks that it uses nothing newer than Node 20.
rmSync(join(DIST, "types/cli"), { recursive: true });
cpSync(join(FOLDER, "README.md"), join(DIST, "README.md"));
cpSync(join(ROOT, "LICENSE"), join(DIST, "LICENSE"));

/** The package as it is published: with built files, and without what only this repository uses. */
const {
  private: _private,
  exports: _exports,
  bin: _bin,
  ...rest
} = JSON.parse(readFileSync(join(FOLDER, "package.json"), "utf8"));
const exported = (types, file) => ({ types: `./types/${types}.d.ts`, default: `./${file}.js` });
const published = {
  ...rest,
  exports: { ".": exported("index", "index"), "./node": exported("file-tokens", "file-tokens") },
  bin: { medconnect: "medconnect.js" },
};
writeFileSync(join(DIST, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
