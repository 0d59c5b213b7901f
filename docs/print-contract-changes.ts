// `npm run proto:changes`: prints what the contract has gained, deprecated and lost since the baseline, and its
// changed rules. With --breaking, prints only the rules that break clients, and fails if there are any.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { changesOfRules, contractChanges } from "./contract-changes.ts";

const PROTO = join(import.meta.dirname, "../proto");

const [baseline = join(PROTO, "baseline.binpb"), flag] = process.argv.slice(2);

if (!existsSync(baseline)) {
  process.stderr.write(
    "There is no proto/baseline.binpb yet. `npm run proto:baseline` writes it at a release.\n",
  );
  process.exitCode = 1;
} else {
  const [before, after] = [readFileSync(baseline), readFileSync(join(PROTO, "gen/descriptors.binpb"))];
  if (flag === "--breaking") {
    const { breaking } = changesOfRules(before, after);
    for (const [part, change] of breaking) process.stderr.write(`${part}: ${change}\n`);
    process.exitCode = breaking.length > 0 ? 1 : 0;
  } else process.stdout.write(contractChanges(before, after));
}
