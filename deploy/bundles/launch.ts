// dist/<name>.cjs: runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// V8 would allocate objects in the old generation if earlier ones from the same code survived, as a pending
// request's do (decision 0034). NODE_OPTIONS does not take the flag, and V8 takes no code that was cached
// under other flags.
setFlagsFromString("--no-allocation-site-pretenuring");
run(compiled, bundle);
