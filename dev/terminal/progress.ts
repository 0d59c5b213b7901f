/** Shows the progress of a long task on the terminal. */
export interface Progress {
  /** Reports that the next step starts. */
  step(text: string): void;
  /** Reports the progress within the current step. Callers may report often. */
  detail(text: string): void;
}

export const silent: Progress = { step: () => {}, detail: () => {} };

/** Least time between two details on a terminal, and elsewhere. */
const TERMINAL_INTERVAL_MS = 100;
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
      if (Date.now() - detailShown < (out.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
      detailShown = Date.now();
      out.write(out.isTTY ? `\r\x1b[K      ${elapsed()}  ${text}` : `      ${elapsed()}  ${text}\n`);
      lineIsOpen = out.isTTY;
    },
  };
}
