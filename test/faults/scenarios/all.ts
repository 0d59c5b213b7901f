import { churn } from "./churn.ts";
import { frozen } from "./freeze.ts";
import { kill } from "./kill.ts";
import { mysqlFrozen, mysqlKilled } from "./mysql.ts";
import { network } from "./network.ts";
import { overload } from "./overload.ts";
import { redis } from "./redis.ts";
import { rolling } from "./rolling.ts";
import { rotateKeys } from "./rotate-keys.ts";
import type { Scenario } from "./scenario.ts";
import { search } from "./search.ts";
import { sigterm } from "./sigterm.ts";

/** All scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  kill,
  mysqlKilled,
  mysqlFrozen,
  redis,
  frozen,
  network,
  rolling,
  rotateKeys,
  sigterm,
  overload,
  search,
  churn,
];
