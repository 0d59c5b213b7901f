// node deploy/bundles/make-code-cache.ts BUNDLE: runs a process without settings, so that it ends as soon as all its modules have
// run, and keeps the code of the functions that were called.
import { compile, run, writeCache } from "./code-cache.ts";

const bundle = process.argv[2]!;
const compiled = compile(bundle);
process.once("exit", () => {
  writeCache(compiled, bundle);
  process.exitCode = 0;
});
run(compiled, bundle);
