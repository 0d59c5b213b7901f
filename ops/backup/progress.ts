const EVERY_MS = 5000;
const MB = 1e6;
const GB = 1e9;

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

/** Duration of some work, and its speed, such as "12.3 s, 1.4 min per GB". */
export const pace = (bytes: number, durationMs: number): string =>
  `${(durationMs / 1000).toFixed(1)} s, ${((durationMs / 60_000) * (GB / Math.max(bytes, 1))).toFixed(1)} min per GB`;
