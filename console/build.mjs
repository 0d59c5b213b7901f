// Bundles the console for browsers into gen/. `npm run generate` runs this last, because the console contains the
// client. Names have a hash of the content, so browsers may keep the files for good.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const OUTPUT = join(import.meta.dirname, "gen");

rmSync(OUTPUT, { recursive: true, force: true });
await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: { console: "src/main.tsx" },
  outdir: OUTPUT,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2023",
  // The licences of the libraries ask for their notices in each copy.
  legalComments: "eof",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
});
