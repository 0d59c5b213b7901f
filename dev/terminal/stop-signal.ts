const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const ECHO_MS = 1000;

/**
 * Returns an AbortSignal, which is aborted at the first SIGINT, SIGTERM or SIGHUP. A later signal calls
 * `force`. Signals within a second of the first are ignored, because one Ctrl-C can arrive several times:
 * from the terminal, from npm and from bootstrap.mjs.
 */
export function stopSignal(force: () => void): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = () => {
    if (first === undefined) {
      first = Date.now();
      controller.abort();
    } else if (Date.now() - first > ECHO_MS) {
      force();
    }
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return controller.signal;
}

/** Resolves when the AbortSignal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
