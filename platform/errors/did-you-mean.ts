import { distance } from "fastest-levenshtein";

/** Maximum length of a name that is compared. Names of the contract are shorter. */
const MAX_LENGTH = 64;

/**
 * The end of a message that suggests the name that was meant: "; did you mean fullName?". Empty if no name is
 * close. Compares only letters and digits, without case.
 *
 * @param known names of the contract, so their number is small
 */
export function didYouMean(written: string, known: readonly string[]): string {
  const meant = closest(written, known);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

/** The known name that is closest to a written one; undefined if none is close. */
export function closest(written: string, known: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const bare = bareOf(written);
  let best: string | undefined;
  let least = typingErrors(bare.length) + 1;
  for (const name of known) {
    const errors = distance(bare, bareOf(name));
    if (errors >= least) continue;
    best = name;
    least = errors;
  }
  return best ?? onlyOneWith(bare, known);
}

/** The only known name that contains the written one, or is contained in it: name → fullName. */
function onlyOneWith(bare: string, known: readonly string[]): string | undefined {
  if (bare.length < MIN_PART) return undefined;
  const found = known.filter((name) => {
    const other = bareOf(name);
    return other.includes(bare) || (other.length >= MIN_PART && bare.includes(other));
  });
  return found.length === 1 ? found[0] : undefined;
}

/** Minimum length of a part that says something about its name. */
const MIN_PART = 4;

/** Number of typing errors with which a word still counts as close. Two swapped letters are two errors. */
export const typingErrors = (length: number): number =>
  length < 5 ? 1 : Math.max(2, Math.floor(length / 4));

const bareOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
