import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "./usage-error.ts";

/**
 * Asks on the terminal. Without one, the answers are the lines of standard input, in the order of the questions.
 */
export class Prompter {
  readonly #cancel: () => void;
  #lines: AsyncIterator<string> | undefined;
  #isHidden = false;

  /** @param cancel is called at Ctrl-C during a question */
  constructor(cancel: () => void) {
    this.#cancel = cancel;
  }

  /** Throws UsageError if the input has ended. */
  async ask(question: string): Promise<string> {
    this.#lines ??= this.#open();
    if (process.stdin.isTTY) process.stderr.write(question);
    const { value, done } = await this.#lines.next();
    if (done) throw new UsageError(`Standard input has no line for "${question.trim()}"`);
    return value;
  }

  /** Asks without showing what is typed. */
  async askSecret(question: string): Promise<string> {
    this.#isHidden = true;
    try {
      return await this.ask(question);
    } finally {
      this.#isHidden = false;
      if (process.stdin.isTTY) process.stderr.write("\n");
    }
  }

  #open(): AsyncIterator<string> {
    // The terminal echoes through this stream, because readline reads each key itself.
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isHidden) process.stderr.write(chunk);
        done();
      },
    });
    const terminal = createInterface({
      input: process.stdin,
      output,
      terminal: process.stdin.isTTY === true,
    });
    terminal.on("SIGINT", () => {
      terminal.close();
      process.stderr.write("\n");
      this.#cancel();
    });
    return terminal[Symbol.asyncIterator]();
  }
}
