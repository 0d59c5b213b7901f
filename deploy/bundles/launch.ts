// dist/<name>.cjs: runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// Otherwise V8 allocates objects in the old generation if earlier ones from the same code survived, as those
// of pending requests do (decision 0034). Set here, because NODE_OPTIONS refuses the flag, and before the
// cached code is loaded, because V8 rejects code that was cached under other flags.
setFlagsFromString("--no-allocation-site-pretenuring");
run(compiled, bundle);
