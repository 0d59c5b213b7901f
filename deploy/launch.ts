// dist/<name>.cjs: runs the bundle beside it.
import { setFlagsFromString } from "node:v8";
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
const compiled = compile(bundle);
// After the compilation, as V8 takes compiled code for the same flags only. By default the old generation grows up to fourfold
// before it is collected.
setFlagsFromString("--heap-growing-percent=30");
run(compiled, bundle);
