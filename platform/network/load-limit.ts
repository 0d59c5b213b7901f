import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";

const RETRY_AFTER_MS = 1000;

/** The limit divided by this number is the reserve, which only networks with few running calls may use. */
const RESERVED_SHARE = 4;
/** A network with at least this many running calls cannot use the reserve. */
const LITTLE = 2;

export interface LoadLimitOptions {
  /** Wider limit to which each call is counted as well, such as that of the whole service. */
  outer?: LoadLimit;
  /** True to reserve a quarter of the limit for networks with fewer than two running calls. */
  hasReserve?: boolean;
}

/**
 * Load shedding: refuses calls if too many are running. A quick 503 instead of a queue keeps the rate of
 * successful calls near its maximum under any load. A part of the limit can be reserved, so that many
 * accounts of one network cannot use all of it.
 */
export class LoadLimit {
  readonly #max: number;
  readonly #unreserved: number;
  readonly #outer: LoadLimit | undefined;
  #running = 0;
  /** Number of running calls of each network. */
  readonly #ofNetwork = new Map<string, number>();

  constructor(max: number, { outer, hasReserve = false }: LoadLimitOptions = {}) {
    this.#max = max;
    this.#unreserved = hasReserve ? max - Math.floor(max / RESERVED_SHARE) : max;
    this.#outer = outer;
  }

  /** Throws UNAVAILABLE if the limit is reached. Called early, so that a refused call costs little. */
  assertRoom(network = ""): void {
    this.#outer?.assertRoom(network);
    const most = this.#of(network) < LITTLE ? this.#max : this.#unreserved;
    if (this.#running < most) return;
    throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
  }

  /** Runs a call. Throws UNAVAILABLE if the limit is reached. */
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

/** The limit of each method of the class SEARCH is the limit of its service divided by this number. */
const SEARCH_SHARE = 16;

type LimitedMethod = Pick<Method, "path" | "owner" | "rules">;

/**
 * Limits the running calls of each service, so that calls to a slow service leave room for calls to other
 * services. A search may be slow while the rest of its service is fast, so each search method gets only a
 * share of the limit of its service.
 */
export class LoadLimits {
  readonly #max: number;
  readonly #ofServices = new Map<string, LoadLimit>();
  readonly #ofMethods = new Map<string, LoadLimit>();

  /** @param max maximum number of running calls of each service */
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
