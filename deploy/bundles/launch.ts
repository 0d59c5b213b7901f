// dist/<name>.cjs: runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// Once objects have survived a garbage collection, V8 allocates later objects from the same code in the old
// generation. Objects of pending requests survive, so this flag turns that off (decision 0034). NODE_OPTIONS
// refuses the flag, so it is set here. It is set before the cached code is loaded, because V8 rejects code
// that was cached under other flags.
setFlagsFromString("--no-allocation-site-pretenuring");
run(compiled, bundle);
