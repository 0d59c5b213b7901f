// `npm run generate`: generates proto/gen from the .proto files, offline: types and stubs, and a descriptor
// set for the gateway's routes and the services' rules. The set with comments is five times as large, and
// only the OpenAPI document and reflection read it, so it is separate.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const buf = join(import.meta.dirname, "../node_modules/.bin/buf");
const path = `${join(import.meta.dirname, "../node_modules/.bin")}:${process.env.PATH}`;
const run = (...args) =>
  execFileSync(buf, args, {
    cwd: import.meta.dirname,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  });

run("generate");
run("build", "--exclude-source-info", "--output", "gen/descriptors.binpb");
run("build", "--output", "gen/descriptors-with-comments.binpb");
