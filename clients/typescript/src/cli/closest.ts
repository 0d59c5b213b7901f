/**
 * The known name that is closest to a written one, or the only one that begins with it; undefined if none is so
 * close that it may be meant.
 */
export function closest(written: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, errors: distance(name, written) }))
    .filter(({ errors }) => errors <= typingErrors(written.length))
    .sort((a, b) => a.errors - b.errors);
  if (best) return best.name;
  const longer = known.filter((name) => name.startsWith(written));
  return longer.length === 1 ? longer[0] : undefined;
}

/** Number of typing errors with which a word still counts as close. Two swapped letters are two errors. */
const typingErrors = (length: number): number => (length < 5 ? 1 : Math.max(2, Math.floor(length / 4)));

/** Number of letters to insert, delete or replace between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (previous[j] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}
