// `npm run generate`: makes proto/gen out of the .proto files, offline: types and stubs, and the descriptor set that
// the gateway's routes and the services' rules are read from. Comments are four fifths of it, and only the OpenAPI document
// and reflection need them, so they are in a set of their own.
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
