/** Time in which the other processes connect to a process that is back. */
const RECONNECT_MS = 2000;

/** Processes that are down, as during a restart. Until they are back, the others warn that they lose them. */
export class Absences {
  readonly #atEnd: (skipped: number, names: string[]) => void;
  readonly #returning = new Map<string, NodeJS.Timeout>();
  readonly #away = new Set<string>();
  /** Processes that are or were down when warnings were left out. */
  readonly #names = new Set<string>();
  #skipped = 0;

  /** @param atEnd called when all processes are back, if warnings were left out meanwhile */
  constructor(atEnd: (skipped: number, names: string[]) => void) {
    this.#atEnd = atEnd;
  }

  begin(name: string): void {
    clearTimeout(this.#returning.get(name));
    this.#away.add(name);
    this.#names.add(name);
  }

  end(name: string): void {
    const timer = setTimeout(() => this.#forget(name), RECONNECT_MS).unref();
    this.#returning.set(name, timer);
  }

  /** True if a warning of this process is to be left out, because another one is down. Counts it. */
  explains(name: string): boolean {
    const isExplained = [...this.#away].some((other) => other !== name);
    if (isExplained) this.#skipped += 1;
    return isExplained;
  }

  #forget(name: string): void {
    this.#away.delete(name);
    if (this.#skipped === 0) this.#names.delete(name);
    if (this.#away.size > 0 || this.#skipped === 0) return;
    this.#atEnd(this.#skipped, [...this.#names]);
    this.#names.clear();
    this.#skipped = 0;
  }
}
