// dist/<name>.cjs: runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// Without this flag, V8 allocates objects in the old generation if earlier ones from the same code survived a
// collection, as the objects of pending requests do (decision 0034). NODE_OPTIONS refuses the flag, so it is
// set here. It is set before the cached code is loaded, because V8 rejects code that was cached under other
// flags.
setFlagsFromString("--no-allocation-site-pretenuring");
run(compiled, bundle);
