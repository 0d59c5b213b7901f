import { join } from "node:path";

/**
 * Environment that makes Node store compiled TypeScript. The next process then starts with a third less CPU
 * time.
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.local/compile-cache") };
