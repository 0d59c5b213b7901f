// `npm run proto:changes`: prints what the contract has gained, deprecated and lost since the baseline.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { contractChanges } from "./contract-changes.ts";

const PROTO = join(import.meta.dirname, "../proto");
const [before, after] = ["baseline.binpb", "gen/descriptors.binpb"].map((file) =>
  readFileSync(join(PROTO, file)),
);
if (before && after) process.stdout.write(contractChanges(before, after));
