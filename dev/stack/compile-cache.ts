import { join } from "node:path";

/** Keeps compiled TypeScript for the next process: a start takes a third less CPU. For an environment without others' settings. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.local/compile-cache") };
