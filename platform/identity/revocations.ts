import type { Redis } from "ioredis";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import type { AccessToken } from "./access-tokens.ts";
import type { Revocation, RevocationList, RevocationLists } from "./revocation-lists.ts";

/**
 * Where auth writes the list of what was revoked, each second, for every process to read. Not `medconnect:revocations`: that is a
 * sorted set to the releases before, which run beside this one while it is rolled out or back.
 */
export const REVOCATIONS_KEY = "medconnect:revocation-list";
/** A list in Redis that is older is not believed, and auth itself asked: with the poll of a second, within the promised five. */
export const PUBLISHED_FOR_MS = 3000;

const POLL_MS = 1000;
/** Pause before the first list, without which a process serves no user. Auth or Redis may start beside it. */
const FIRST_POLL_MS = 100;
/** Maximum age of a list, in ms; an older one misses later sign-outs. */
const GOOD_FOR_MS = 5000;

/** Reads the whole list from where auth itself keeps it, for the times when Redis is away or tells nonsense. */
export type RevocationSource = () => Promise<Revocation[]>;

export interface RevocationsOptions {
  redis: Pick<Redis, "get">;
  lists: RevocationLists;
  fallback: RevocationSource;
  log: Logger;
}

/**
 * The sessions that have ended while an access token of theirs may still be about, and the signing keys that were
 * compromised; kept in memory so that no request waits for a look-up. Read from Redis each second, or from auth where
 * Redis has no list that auth wrote just now. What was heard once stays until it expires, whatever is heard later.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  /** When the last access token of each expires, in ms. */
  readonly #ended = new Map<string, number>();
  #heardAtMs = 0;
  readonly #startedAtMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Begins to read; `ready` tells when the first whole list is there. Resolves after the first attempt. */
  async start(): Promise<void> {
    await this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get ready(): boolean {
    return Date.now() - this.#heardAtMs <= GOOD_FOR_MS;
  }

  /** Throws UNAUTHENTICATED if the token's session or key was revoked, REVOCATION_UNKNOWN if that cannot be told. */
  assertLive({ caller, keyId }: AccessToken): void {
    if (!this.ready) throw new ApiError("REVOCATION_UNKNOWN");
    if (this.#ended.has(caller.sessionId) || this.#ended.has(keyId)) throw new ApiError("UNAUTHENTICATED");
  }

  async #poll(): Promise<void> {
    const startedAtMs = Date.now();
    // While a deployment starts, auth may not be there yet: that is no news until it lasts.
    const lasts = startedAtMs - Math.max(this.#heardAtMs, this.#startedAtMs) > GOOD_FOR_MS / 2;
    try {
      const { time, revocations } = (await this.#published()) ?? {
        time: new Date(startedAtMs),
        revocations: await this.#options.fallback(),
      };
      this.#remember(revocations);
      this.#heardAtMs = Math.max(this.#heardAtMs, Math.min(time.getTime(), startedAtMs));
    } catch (error) {
      if (lasts) this.#options.log.warn({ err: error }, "revocations cannot be read");
    }
    const pauseMs = this.#heardAtMs > 0 || lasts ? POLL_MS : FIRST_POLL_MS;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#poll(), pauseMs);
  }

  /** The list in Redis; undefined where there is none, or not one that auth wrote just now. */
  async #published(): Promise<RevocationList | undefined> {
    const { redis, lists } = this.#options;
    try {
      const list = lists.read((await redis.get(REVOCATIONS_KEY)) ?? "");
      // Where clocks differ by more, auth is asked each time: slower, and as right.
      return Math.abs(Date.now() - list.time.getTime()) <= PUBLISHED_FOR_MS ? list : undefined;
    } catch {
      return undefined;
    }
  }

  #remember(revocations: readonly Revocation[]): void {
    for (const [id, expireMs] of this.#ended) if (expireMs <= Date.now()) this.#ended.delete(id);
    for (const { sessionId, expireTime } of revocations) this.#ended.set(sessionId, expireTime.getTime());
  }
}
