/** A time limit that can be extended while an answer arrives. Its signal also aborts when the caller cancels. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #ms: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param signal cancels as well */
  constructor(ms: number, signal?: AbortSignal) {
    this.#ms = ms;
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
    this.extend();
  }

  /** Starts the time anew. */
  extend(): void {
    clearTimeout(this.#timer);
    const late = () =>
      this.#controller.abort(new DOMException(`No answer within ${this.#ms} ms`, "TimeoutError"));
    this.#timer = setTimeout(late, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
