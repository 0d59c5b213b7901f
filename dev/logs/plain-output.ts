/** The first line of Node's report of a crash: a file and a line number. That line of the file follows. */
const POSITION = /^(\/|file:|node:)\S*:\d+$/;
/** Marks of the column in that line. Node leaves them out if the line is long. */
const CARETS = /^\s*\^+\s*$/;
/** A stack frame in Node's own code. */
const NODE_FRAME = /^\s+at .*\bnode:/;
const FRAME = /^\s+at /;
const NODE_VERSION = /^Node\.js v\d/;
/** Frames of one stack trace that are shown. */
const MAX_FRAMES = 8;

/**
 * Picks the lines of a process's plain output that a reader needs. Of a crash, these are the error with its
 * properties, and its stack without the frames of Node. Node also prints the line of code that threw, which the
 * stack names, too; in a bundle, that line can be very long.
 */
export class PlainOutput {
  #isAfterPosition = false;
  #frames = 0;

  /** True if the line is one to show. Takes the lines in the order in which the process wrote them. */
  isShown(line: string): boolean {
    const isCode = this.#isAfterPosition;
    this.#isAfterPosition = POSITION.test(line);
    if (isCode || this.#isAfterPosition) return false;
    if (FRAME.test(line)) return !NODE_FRAME.test(line) && this.#frames++ < MAX_FRAMES;
    this.#frames = 0;
    return line.trim() !== "" && !CARETS.test(line) && !NODE_VERSION.test(line);
  }
}
