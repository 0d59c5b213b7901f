/** Shows the progress of a long task on the terminal. */
export interface Progress {
  /** Reports that the next step starts. */
  step(text: string): void;
  /** Reports the progress within the current step. Callers may report often. */
  detail(text: string): void;
}

export const silent: Progress = { step: () => {}, detail: () => {} };

const PLAIN_INTERVAL_MS = 10_000;

/**
 * Prints numbered steps with the elapsed time. On a terminal, each detail replaces the previous one;
 * elsewhere, few details are printed.
 */
export function terminalProgress(steps: number, out: NodeJS.WriteStream = process.stdout): Progress {
  const begin = Date.now();
  let step = 0;
  let detailShown = begin;
  let lineIsOpen = false;
  const elapsed = () => `${((Date.now() - begin) / 1000).toFixed(1).padStart(5)} s`;
  return {
    step(text) {
      if (lineIsOpen) out.write("\r\x1b[K");
      lineIsOpen = false;
      out.write(`[${++step}/${steps}] ${elapsed()}  ${text}\n`);
      detailShown = Date.now();
    },
    detail(text) {
      if (out.isTTY) {
        out.write(`\r\x1b[K      ${elapsed()}  ${text}`);
        lineIsOpen = true;
      } else if (Date.now() - detailShown >= PLAIN_INTERVAL_MS) {
        out.write(`      ${elapsed()}  ${text}\n`);
        detailShown = Date.now();
      }
    },
  };
}
