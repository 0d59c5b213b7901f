/**
 * Node's flags for the processes, as in the image's NODE_OPTIONS.
 *
 * - Semi-spaces of 8 MB: with 4 MB, the objects of 64 concurrent requests overflowed into the old generation,
 *   and garbage collection took a quarter of the CPU. With 16 MB, the processes take 60 MB (PSS) more.
 * - One thread for V8's background work: four wake each other for garbage collections that
 *   take a millisecond.
 */
export const NODE_FLAGS = ["--max-semi-space-size=8", "--v8-pool-size=1"];

/**
 * Settings of glibc for the processes, as in the image. One arena for all threads, because each arena keeps
 * freed memory.
 */
export const MALLOC = { MALLOC_ARENA_MAX: "1" };
