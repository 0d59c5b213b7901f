/**
 * Node's flags for the processes. The image sets the same flags in NODE_OPTIONS.
 *
 * - Semi-spaces of 8 MB. With 4 MB, the objects of 64 concurrent requests overflowed into the old generation,
 *   and garbage collection took a quarter of the CPU. With 16 MB, the processes take 60 MB (PSS) more.
 * - One thread for V8's background work. With four, the threads wake each other for garbage collections that
 *   take only a millisecond.
 */
export const NODE_FLAGS = ["--max-semi-space-size=8", "--v8-pool-size=1"];

/**
 * Settings of glibc for the processes, the same as in the image. All threads share one memory arena, because
 * each arena keeps freed memory.
 */
export const MALLOC = { MALLOC_ARENA_MAX: "1" };
