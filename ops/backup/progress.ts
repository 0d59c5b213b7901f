const EVERY_MS = 5000;
const MB = 1e6;
const GB = 1e9;
/** Below this, the fixed cost of a command is most of its duration, so a rate would say nothing. */
const RATED_FROM_BYTES = 100 * MB;

/** Returns a function that calls `print` at most every few seconds. */
export function everySeconds<T>(print: (value: T) => void): (value: T) => void {
  let printedAtMs = performance.now();
  return (value) => {
    if (performance.now() - printedAtMs < EVERY_MS) return;
    printedAtMs = performance.now();
    print(value);
  };
}

export const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;

/** Duration of some work, such as "12.3 s, 1.4 min per GB"; the rate from 100 MB on. */
export function pace(bytes: number, durationMs: number): string {
  const seconds = `${(durationMs / 1000).toFixed(1)} s`;
  if (bytes < RATED_FROM_BYTES) return seconds;
  return `${seconds}, ${((durationMs / 60_000) * (GB / bytes)).toFixed(1)} min per GB`;
}
