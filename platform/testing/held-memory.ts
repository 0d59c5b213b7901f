import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's garbage collection, which is full if it is not told to be minor. */
export function garbageCollection(): (options?: { type: "minor" }) => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Memory of this process that is still in use after garbage collection, in bytes: objects, and buffers outside the heap. */
export function heldMemory(): { heap: number; external: number } {
  garbageCollection()();
  const { heapUsed: heap, external } = process.memoryUsage();
  return { heap, external };
}

/** Memory of this process that is in use after garbage collection, inside and outside the heap, in bytes. */
export function heldBytes(): number {
  const { heap, external } = heldMemory();
  return heap + external;
}
