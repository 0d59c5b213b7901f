// `npm run build`: bundles each process into dist/<name>.bundle.js, with a source map for our own sources and
// V8's code cache. dist/<name>.cjs runs the bundle.
import { execFile } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { ALIASES } from "./aliases.ts";
import { bundleOf, hashOf, launcherOf, MAINS, ROOT, STAMP_FILE } from "./bundles.ts";
import { ownMappings } from "./own-mappings.ts";

/** A native module, which cannot be bundled. */
const EXTERNAL = ["@node-rs/argon2"];

/** Defines a replacement for `import.meta.url`, which does not exist in a CommonJS bundle. */
const BEGIN =
  "(function (exports, require, module, __filename, __dirname) {" +
  'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;';
const END = "})";

/**
 * Maximum length of a bundle's lines, in characters. For code of a library, a stack trace shows only a line
 * of the bundle, so a short line gives a more exact position.
 */
const LINE_LIMIT = 100;

const COMMON = {
  absWorkingDir: ROOT,
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  // `import()` becomes `require`. In code that node:vm compiles, Node warns of it as experimental.
  supported: { "dynamic-import": false },
  legalComments: "none",
  write: false,
  metafile: true,
  logLevel: "warning",
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
};

const NAMES = Object.keys(MAINS);

async function buildAll() {
  const [bundles, launchers] = await Promise.all([
    build({
      ...COMMON,
      entryPoints: NAMES.map((name) => ({ in: MAINS[name], out: `${name}.bundle` })),
      inject: ["deploy/bundles/stack-traces.ts"],
      external: EXTERNAL,
      alias: ALIASES,
      banner: { js: BEGIN },
      footer: { js: END },
      define: { "import.meta.url": "importMetaUrl" },
      minifyWhitespace: true,
      lineLimit: LINE_LIMIT,
      sourcemap: "linked",
      sourcesContent: false,
    }),
    build({
      ...COMMON,
      entryPoints: NAMES.map((name) => ({ in: "deploy/bundles/launch.ts", out: name })),
      outExtension: { ".js": ".cjs" },
    }),
  ]);
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  for (const { path, text } of bundles.outputFiles) {
    write(path, path.endsWith(".map") ? JSON.stringify(ownMappings(JSON.parse(text), isOwn)) : inAscii(text));
  }
  for (const { path, text } of launchers.outputFiles) write(path, text);
  await Promise.all(NAMES.map(makeCodeCache));
  const files = [bundles, launchers].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const inputs = [...new Set(files)].filter(isOwn).sort();
  // The stamp is written last. An interrupted build leaves no stamp or the old one, so the next run builds
  // again.
  write(STAMP_FILE, JSON.stringify({ inputs, hash: hashOf(inputs) }));
  for (const name of NAMES) process.stdout.write(`built ${launcherOf(name)}\n`);
}

const isOwn = (source) => !source.includes("node_modules/");

/**
 * Throws if the text has a character outside ASCII. One character beyond Latin-1 would make V8 store the
 * whole bundle with two bytes per character.
 */
function inAscii(text) {
  const [odd] = /[^\0-\x7f]+/.exec(text) ?? [];
  if (odd !== undefined) throw new Error(`A bundle contains "${odd}", which is not ASCII.`);
  return text;
}

async function makeCodeCache(name) {
  const maker = join(ROOT, "deploy/bundles/make-code-cache.ts");
  await promisify(execFile)(process.execPath, [maker, join(ROOT, bundleOf(name))], { env: {} });
}

/** Writes a file atomically, because a process that starts at this moment may read the file. */
function write(path, text) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

await buildAll();
