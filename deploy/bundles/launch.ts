// Source of dist/<name>.cjs, which runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// V8 learns from objects that survive a garbage collection: it then allocates later objects from the same
// code in the old generation. Objects of pending requests survive, so this flag turns that off (decision
// 0034).
//
// NODE_OPTIONS does not accept the flag, so it is set here. It must be set before the cached code is loaded,
// because V8 rejects code that was cached with other flags.
setFlagsFromString("--no-allocation-site-pretenuring");
run(compiled, bundle);
