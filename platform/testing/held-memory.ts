import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Memory of this process that is still in use after garbage collection, in bytes: objects, and buffers outside the heap. */
export function heldMemory(): { heap: number; external: number } {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed: heap, external } = process.memoryUsage();
  return { heap, external };
}

/** Memory of this process that is in use after garbage collection, inside and outside the heap, in bytes. */
export function heldBytes(): number {
  const { heap, external } = heldMemory();
  return heap + external;
}
