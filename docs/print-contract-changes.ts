// `npm run proto:changes`: prints what the contract has gained, deprecated and lost since the baseline.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { contractChanges } from "./contract-changes.ts";

const PROTO = join(import.meta.dirname, "../proto");
const BASELINE = join(PROTO, "baseline.binpb");

if (existsSync(BASELINE)) {
  const current = readFileSync(join(PROTO, "gen/descriptors.binpb"));
  process.stdout.write(contractChanges(readFileSync(BASELINE), current));
} else {
  process.stderr.write(
    "There is no proto/baseline.binpb yet. `npm run proto:baseline` writes it at a release.\n",
  );
  process.exitCode = 1;
}
