// `node deploy/bundles/make-code-cache.ts BUNDLE`: starts a process without settings, so that it ends once
// its modules are loaded. Then stores the compiled code of the functions that were called.
import { compile, run, writeCache } from "./code-cache.ts";

const [, , bundle] = process.argv;
if (bundle === undefined) throw new Error("Usage: node deploy/bundles/make-code-cache.ts BUNDLE");
const compiled = compile(bundle);
process.once("exit", () => {
  writeCache(compiled, bundle);
  process.exitCode = 0;
});
run(compiled, bundle);
