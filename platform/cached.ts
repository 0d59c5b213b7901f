import type { Clock } from "./clock.ts";

/** How old an admin's figures may be: counting whole tables costs the same however many ask. */
export const FIGURES_TTL_MS = 15_000;

/**
 * A read that runs at most once in `ttlMs`, however many ask for its value: they share the result, also while it is being
 * read. A failure is not kept.
 */
export function cached<T>(clock: Clock, ttlMs: number, read: () => Promise<T>): () => Promise<T> {
  let kept: { value: Promise<T>; readAtMs: number } | undefined;
  return () => {
    const nowMs = clock.now().getTime();
    const ageMs = kept ? nowMs - kept.readAtMs : ttlMs;
    // A negative age: the clock was set back.
    if (kept && ageMs >= 0 && ageMs < ttlMs) return kept.value;
    const started = { value: read(), readAtMs: nowMs };
    kept = started;
    started.value.catch(() => {
      if (kept === started) kept = undefined;
    });
    return started.value;
  };
}
