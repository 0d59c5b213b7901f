import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

/** Reads stack.json of a data folder. Throws SetupError if no system was started there. */
export function readStack<Stack>(dataDir: string): Stack {
  try {
    return JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8"));
  } catch {
    throw new SetupError(`No system was started in ${dataDir}. Start one with npm start, then try again.`);
  }
}
