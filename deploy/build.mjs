// `npm run build`: bundles each process into one file, dist/<name>.cjs, with a source map of our own sources.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOf, hashOf, MAINS, ROOT, STAMP_FILE } from "./bundles.ts";
import { ownMappings } from "./own-mappings.ts";
import { runCommand } from "./setup-error.ts";

/** Packages that stay outside: a native module, and one that reads files of its own. */
const EXTERNAL = ["@node-rs/argon2", "@grpc/reflection"];

/**
 * Comments are left out: a single character beyond Latin-1 in one makes V8 keep the text in two bytes a character. Lines stay
 * short, so that a stack trace can name a library's.
 */
const LINE_LIMIT = 100;
/** A CommonJS module lacks `import.meta.url`, by which sources find files of packages. */
const IMPORT_META_URL = 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;';

runCommand(async () => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(MAINS).map(([name, file]) => ({ in: file, out: name })),
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    inject: ["deploy/stack-traces.ts"],
    external: EXTERNAL,
    banner: { js: IMPORT_META_URL },
    define: { "import.meta.url": "importMetaUrl" },
    legalComments: "none",
    minifyWhitespace: true,
    lineLimit: LINE_LIMIT,
    sourcemap: "linked",
    sourcesContent: false,
    write: false,
    metafile: true,
    logLevel: "warning",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  for (const { path, text } of outputFiles) {
    write(path, path.endsWith(".map") ? JSON.stringify(ownMappings(JSON.parse(text), isOwn)) : text);
  }
  const inputs = Object.keys(metafile.inputs).filter(isOwn).sort();
  // Last: without it, the bundles are built again.
  write(STAMP_FILE, JSON.stringify({ inputs, hash: hashOf(inputs) }));
  for (const name of Object.keys(MAINS)) process.stdout.write(`built ${bundleOf(name)}\n`);
  return 0;
});

const isOwn = (source) => !source.includes("node_modules/");

/** Whole or not at all: another start may be reading the one before. */
function write(path, text) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
