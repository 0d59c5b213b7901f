/**
 * Node's flags for the processes. The image has the same ones in NODE_OPTIONS.
 *
 * - Semi-spaces of 8 MB: with 4, the objects of 64 requests at once did not fit, were promoted to the old
 * generation, and made
 *   garbage collection a quarter of the CPU. With 16, the processes take 60 MB (PSS) more.
 * - One thread for V8's background work: four wake each other for collections of a millisecond.
 */
export const NODE_FLAGS = ["--max-semi-space-size=8", "--v8-pool-size=1"];

/**
 * Settings of glibc for the processes, as in the image: every arena keeps memory that its threads have freed.
 */
export const MALLOC = { MALLOC_ARENA_MAX: "1" };
