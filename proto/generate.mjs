// `npm run generate`: makes proto/gen out of the .proto files, offline: types and stubs, and the descriptor set that
// the gateway's routes, the services' rules and the OpenAPI document are read from.
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
run("build", "--output", "gen/descriptors.binpb");
