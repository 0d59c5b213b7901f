/** Lets through the first calls of a period, and counts the others, so that no flood fills the terminal. */
export class Pace {
  readonly #perPeriod: number;
  readonly #periodMs: number;
  readonly #atEnd: (skipped: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;

  /** @param atEnd called at the end of a period in which calls were skipped */
  constructor(options: { perPeriod: number; periodMs: number; atEnd: (skipped: number) => void }) {
    this.#perPeriod = options.perPeriod;
    this.#periodMs = options.periodMs;
    this.#atEnd = options.atEnd;
  }

  /** True if the caller may go on; false if this call is only counted. */
  take(): boolean {
    this.#timer ??= setTimeout(() => this.#end(), this.#periodMs).unref();
    this.#count += 1;
    return this.#count <= this.#perPeriod;
  }

  #end(): void {
    const skipped = Math.max(0, this.#count - this.#perPeriod);
    this.#timer = undefined;
    this.#count = 0;
    if (skipped > 0) this.#atEnd(skipped);
  }
}
