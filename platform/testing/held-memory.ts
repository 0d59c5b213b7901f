import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Returns a function that collects garbage: in the whole heap or, with `minor`, only in the young generation.
 */
export function garbageCollection(): (options?: { type: "minor" }) => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Memory in use after garbage collection, in bytes. `external` is the memory of buffers outside the heap. */
export function heldMemory(): { heap: number; external: number } {
  garbageCollection()();
  const { heapUsed: heap, external } = process.memoryUsage();
  return { heap, external };
}

/** Heap and external memory after garbage collection, in bytes. */
export function heldBytes(): number {
  const { heap, external } = heldMemory();
  return heap + external;
}
