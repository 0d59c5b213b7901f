import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { garbageCollection } from "./held-memory.ts";

const SAMPLE_EVERY = 1000;

/**
 * Runs `act` `count` times. Returns the largest growth in bytes of the old generation of the heap. A full
 * collection at the start moves all live objects to that generation. Returns the largest growth instead of
 * the last, because V8 may collect the garbage before the end.
 */
export function oldGarbageOf(count: number, act: () => void): number {
  // Our processes run with the same V8 option (deploy/bundles/launch.ts).
  setFlagsFromString("--no-allocation-site-pretenuring");
  const collect = garbageCollection();
  collect();
  const before = oldBytes();
  let most = 0;
  for (let i = 1; i <= count; i++) {
    act();
    if (i % SAMPLE_EVERY !== 0) continue;
    // Objects that survive two minor collections move to the old generation.
    collect({ type: "minor" });
    collect({ type: "minor" });
    most = Math.max(most, oldBytes() - before);
  }
  return most;
}

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")!.space_used_size;
