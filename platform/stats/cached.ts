import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Clock } from "../time/clock.ts";

/**
 * Caches the result of a read for `ttlMs`. Callers share a read that is still running. A failure is not
 * cached.
 */
export function cached<T>(clock: Clock, ttlMs: number, read: () => Promise<T>): () => Promise<T> {
  let kept: { value: Promise<T>; readAtMs: number } | undefined;
  return () => {
    const nowMs = clock.now().getTime();
    const ageMs = kept ? nowMs - kept.readAtMs : ttlMs;
    // The age is negative if the clock has been set back.
    if (kept && ageMs >= 0 && ageMs < ttlMs) return kept.value;
    // Runs outside of the context of the first caller, because other callers wait for the read, too.
    const started = { value: context.with(ROOT_CONTEXT, read), readAtMs: nowMs };
    kept = started;
    started.value.catch(() => {
      if (kept === started) kept = undefined;
    });
    return started.value;
  };
}
