import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";

const RETRY_AFTER_MS = 1000;

/** Divisor of a limit that gives the share reserved for networks with little work. */
const RESERVED_SHARE = 4;
/** Number of a network's running calls from which on it cannot use the reserve. */
const LITTLE = 2;

export interface LoadLimitOptions {
  /** A limit for which the work also counts. */
  outer?: LoadLimit;
  /** True if a quarter is reserved for networks with fewer than two running calls. */
  hasReserve?: boolean;
}

/**
 * Load shedding: refuses calls beyond a number of running ones. A quick 503 instead of a queue keeps goodput
 * near its peak under any load. A reserve leaves room for others if many accounts of one network call at
 * once.
 */
export class LoadLimit {
  readonly #max: number;
  readonly #unreserved: number;
  readonly #outer: LoadLimit | undefined;
  #running = 0;
  /** Number of running calls by network. */
  readonly #ofNetwork = new Map<string, number>();

  constructor(max: number, { outer, hasReserve = false }: LoadLimitOptions = {}) {
    this.#max = max;
    this.#unreserved = hasReserve ? max - Math.floor(max / RESERVED_SHARE) : max;
    this.#outer = outer;
  }

  /** Throws UNAVAILABLE beyond the limit. Called before work that a refused call should not cost. */
  assertRoom(network = ""): void {
    this.#outer?.assertRoom(network);
    const most = this.#of(network) < LITTLE ? this.#max : this.#unreserved;
    if (this.#running < most) return;
    throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
  }

  /** Runs a call. Throws UNAVAILABLE beyond the limit. */
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

/** Divisor of a service's limit that gives the share of one method of the class SEARCH. */
const SEARCH_SHARE = 16;

type LimitedMethod = Pick<Method, "path" | "owner" | "rules">;

/**
 * Limits of running calls by service, so that a slow service takes no room from others. A search may be slow
 * alone, so each method of that class has a share of its service's limit.
 */
export class LoadLimits {
  readonly #max: number;
  readonly #ofServices = new Map<string, LoadLimit>();
  readonly #ofMethods = new Map<string, LoadLimit>();

  /** @param max running calls of each service */
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
