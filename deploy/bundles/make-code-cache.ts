// `node deploy/bundles/make-code-cache.ts BUNDLE`: makes the code cache of a bundle. Runs the bundle without
// settings, so that it exits once its modules are loaded. Then stores the compiled code of all called
// functions.
import { cacheOf, compile, run, writeCache } from "./code-cache.ts";

const [, , bundle] = process.argv;
if (bundle === undefined) throw new Error("Usage: node deploy/bundles/make-code-cache.ts BUNDLE");
const compiled = compile(bundle);
process.once("exit", () => {
  writeCache(compiled, cacheOf(bundle));
  process.exitCode = 0;
});
run(compiled, bundle);
