// dist/<name>.cjs: runs the bundle beside it.
import { compile, run } from "./code-cache.ts";

const bundle = __filename.replace(/\.cjs$/, ".bundle.js");
run(compile(bundle), bundle);
