/** Characters that a terminal obeys, or that break or reorder a line: controls, line separators, bidi controls. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * A text that a terminal shows as it is: servers and other users choose parts of it. The escapes are those of
 * JSON, which has such characters only in strings, so a line of JSON keeps its value.
 */
export const escaped = (line: string): string =>
  line.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Writes lines to standard output. */
export const print = (lines: readonly string[]): void => writeLines(process.stdout, lines);

/** Writes lines for a reader, next to the output: to standard error. */
export const note = (lines: readonly string[]): void => writeLines(process.stderr, lines);

function writeLines(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  stream.write(lines.map((line) => `${escaped(line)}\n`).join(""));
}
