/** Maximum length of a shown value, in characters. */
const MAX_LENGTH = 64;

/** Everything but visible characters and the plain space: controls, joiners, direction marks and the like. */
const UNSEEN = /[[^\p{L}\p{M}\p{N}\p{P}\p{S} ]\p{Default_Ignorable_Code_Point}]/v;

/**
 * Shows a scalar that a client sent, for an error message: as JSON, with escapes for characters that a reader
 * cannot see, cut to 64 characters. Do not show a secret, or a field marked `debug_redact`.
 */
export function shown(value: unknown): string {
  if (typeof value !== "string") return cut(String(value));
  // Each character takes at least one, so the rest of a long text need not be read.
  return cut(withEscapes(JSON.stringify(value.slice(0, MAX_LENGTH + 1))));
}

/** Escapes characters of a text that a reader cannot see, or that a terminal obeys. */
export const withEscapes = (text: string): string =>
  [...text].map((character) => (UNSEEN.test(character) ? escapeOf(character) : character)).join("");

const escapeOf = (character: string): string =>
  character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

/** Start of an escape whose end is cut off. */
const HALF_ESCAPE = /\\(?:u[0-9a-f]{0,3})?$/;

const cut = (text: string): string =>
  text.length <= MAX_LENGTH
    ? text
    : `${text
        .slice(0, MAX_LENGTH - 1)
        .replace(HALF_ESCAPE, "")
        .toWellFormed()}…`;
