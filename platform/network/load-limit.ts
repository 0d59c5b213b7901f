import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";

const RETRY_AFTER_MS = 1000;

/** Share of a limit that is reserved for networks with little work, as a divisor. */
const RESERVED_SHARE = 4;
/** Pieces of work at once with which a network has no claim to the reserve any more. */
const LITTLE = 2;

export interface LoadLimitOptions {
  /** A limit that the work also counts for. */
  outer?: LoadLimit;
  /** Whether a quarter of it is reserved for networks with less than two pieces of work. */
  hasReserve?: boolean;
}

/**
 * Refuses work beyond so many pieces at once. What is over capacity gets a quick 503 rather than a place in a queue that
 * makes everybody's answer late; so goodput stays near its peak under any load. A reserve leaves room for others where
 * many accounts of one network ask at once.
 */
export class LoadLimit {
  readonly #max: number;
  readonly #unreserved: number;
  readonly #outer: LoadLimit | undefined;
  #running = 0;
  /** Pieces of work by network. */
  readonly #ofNetwork = new Map<string, number>();

  constructor(max: number, { outer, hasReserve = false }: LoadLimitOptions = {}) {
    this.#max = max;
    this.#unreserved = hasReserve ? max - Math.floor(max / RESERVED_SHARE) : max;
    this.#outer = outer;
  }

  /** Throws UNAVAILABLE where too much runs already; for before what a refusal should not cost. */
  assertRoom(network = ""): void {
    this.#outer?.assertRoom(network);
    const most = this.#of(network) < LITTLE ? this.#max : this.#unreserved;
    if (this.#running < most) return;
    throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
  }

  /** Throws UNAVAILABLE where too much runs already. */
  async run<T>(work: () => Promise<T>, network = ""): Promise<T> {
    this.assertRoom(network);
    this.#count(network, 1);
    try {
      return await (this.#outer ? this.#outer.run(work, network) : work());
    } finally {
      this.#count(network, -1);
    }
  }

  #of(network: string): number {
    return this.#ofNetwork.get(network) ?? 0;
  }

  #count(network: string, pieces: number): void {
    this.#running += pieces;
    const left = this.#of(network) + pieces;
    if (left === 0) this.#ofNetwork.delete(network);
    else this.#ofNetwork.set(network, left);
  }
}

/** Share of a service's limit that one method of the class SEARCH takes, as a divisor. */
const SEARCH_SHARE = 16;

type LimitedMethod = Pick<Method, "path" | "owner" | "rules">;

/**
 * Limits of calls to each service, so that one that is slow takes no room from the others. A search may be slow while the rest of
 * its service is not, so each such method has a part of the limit.
 */
export class LoadLimits {
  readonly #max: number;
  readonly #ofServices = new Map<string, LoadLimit>();
  readonly #ofMethods = new Map<string, LoadLimit>();

  /** @param max at once, of each service */
  constructor(max: number) {
    this.#max = max;
  }

  of(method: LimitedMethod): LoadLimit {
    const known = this.#ofMethods.get(method.path);
    if (known) return known;
    const limit = this.#newLimit(method);
    this.#ofMethods.set(method.path, limit);
    return limit;
  }

  #newLimit({ owner, rules }: LimitedMethod): LoadLimit {
    const outer = this.#ofServices.get(owner) ?? new LoadLimit(this.#max, { hasReserve: true });
    this.#ofServices.set(owner, outer);
    if (rules.rate !== RateClass.SEARCH) return outer;
    return new LoadLimit(Math.ceil(this.#max / SEARCH_SHARE), { outer, hasReserve: true });
  }
}
