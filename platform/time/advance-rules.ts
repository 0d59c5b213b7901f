const DAY_MS = 24 * 3_600_000;
/** Longest advance in ms: a licence or a prescription of a year ends in one step. */
export const MAX_ADVANCE_MS = 400 * DAY_MS;
/** Longest time in ms by which business time may be ahead of machine time. */
export const MAX_AHEAD_MS = 3660 * DAY_MS;

/** Adds up the advances in a file. Each line is one advance in ms. Throws if a line is not. */
export function totalOf(lines: string): number {
  const advances = lines.split("\n");
  // A file ends with a newline. Text after it is a line that another process is still writing.
  advances.pop();
  return advances.reduce((total, line) => total + advanceIn(line), 0);
}

function advanceIn(line: string): number {
  const ms = Number(line);
  if (/^\d+$/.test(line) && ms >= 1 && ms <= MAX_ADVANCE_MS) return ms;
  throw new Error(`${JSON.stringify(line)} is not an advance of the sandbox clock in ms`);
}

/**
 * Reason to refuse an advance; undefined for an advance that is possible.
 *
 * @param aheadMs time in ms by which business time is ahead of machine time already
 */
export function advanceProblem(ms: number, aheadMs: number): string | undefined {
  if (ms < 1) return "Business time moves forward only.";
  if (ms > MAX_ADVANCE_MS) return `One advance may be at most ${MAX_ADVANCE_MS / DAY_MS} days.`;
  if (aheadMs + ms > MAX_AHEAD_MS) {
    const days = Math.floor(aheadMs / DAY_MS);
    return `Business time may be at most ${MAX_AHEAD_MS / DAY_MS} days ahead; it is ${days} days ahead already.`;
  }
  return undefined;
}
