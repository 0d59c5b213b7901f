import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { garbageCollection } from "./held-memory.ts";

const SAMPLE_EVERY = 1000;

/**
 * Largest growth of the old generation while `act` runs `count` times, in bytes. A full collection first
 * promotes all live objects. A later one would free the garbage, so the largest growth counts.
 */
export function oldGarbageOf(count: number, act: () => void): number {
  // The setting of our processes (deploy/bundles/launch.ts).
  setFlagsFromString("--no-allocation-site-pretenuring");
  const collect = garbageCollection();
  collect();
  const before = oldBytes();
  let most = 0;
  for (let i = 1; i <= count; i++) {
    act();
    if (i % SAMPLE_EVERY !== 0) continue;
    // Survivors of two minor collections are promoted.
    collect({ type: "minor" });
    collect({ type: "minor" });
    most = Math.max(most, oldBytes() - before);
  }
  return most;
}

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")!.space_used_size;
