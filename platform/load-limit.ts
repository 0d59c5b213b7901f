import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "./contract/methods.ts";
import { ApiError } from "./errors/api-error.ts";

const RETRY_AFTER_MS = 1000;

/**
 * Refuses work beyond so many pieces at once. What is over capacity gets a quick 503 rather than a place in a queue that
 * makes everybody's answer late; so goodput stays near its peak under any load.
 */
export class LoadLimit {
  readonly #max: number;
  readonly #outer: LoadLimit | undefined;
  #running = 0;

  /** @param outer a limit that the work also counts for */
  constructor(max: number, outer?: LoadLimit) {
    this.#max = max;
    this.#outer = outer;
  }

  /** Throws UNAVAILABLE where too much runs already; for before what a refusal should not cost. */
  assertRoom(): void {
    this.#outer?.assertRoom();
    if (this.#running < this.#max) return;
    throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
  }

  /** Throws UNAVAILABLE where too much runs already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertRoom();
    this.#running += 1;
    try {
      return await (this.#outer ? this.#outer.run(work) : work());
    } finally {
      this.#running -= 1;
    }
  }
}

/** Share of a service's limit that searches take together, as a divisor. */
const SEARCH_SHARE = 4;

/**
 * Limits of calls to each service, so that one that is slow takes no room from the others. Searches may be slow while the rest of
 * their service is not, so a part of its limit is theirs.
 */
export class LoadLimits {
  readonly #max: number;
  readonly #limits = new Map<string, { all: LoadLimit; searches: LoadLimit }>();

  /** @param max at once, of each service */
  constructor(max: number) {
    this.#max = max;
  }

  of({ owner, rules }: Pick<Method, "owner" | "rules">): LoadLimit {
    const { all, searches } = this.#limitsOf(owner);
    return rules.rate === RateClass.SEARCH ? searches : all;
  }

  #limitsOf(service: string): { all: LoadLimit; searches: LoadLimit } {
    const known = this.#limits.get(service);
    if (known) return known;
    const all = new LoadLimit(this.#max);
    const limits = { all, searches: new LoadLimit(Math.ceil(this.#max / SEARCH_SHARE), all) };
    this.#limits.set(service, limits);
    return limits;
  }
}
