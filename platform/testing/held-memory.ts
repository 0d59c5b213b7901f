import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's garbage collection: full by default, or minor. */
export function garbageCollection(): (options?: { type: "minor" }) => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Memory in use after garbage collection, in bytes: objects, and buffers outside the heap. */
export function heldMemory(): { heap: number; external: number } {
  garbageCollection()();
  const { heapUsed: heap, external } = process.memoryUsage();
  return { heap, external };
}

/** Sum of `heldMemory`. */
export function heldBytes(): number {
  const { heap, external } = heldMemory();
  return heap + external;
}
