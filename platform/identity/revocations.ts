import type { Redis } from "ioredis";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../log.ts";
import type { AccessToken } from "./access-tokens.ts";

/**
 * What was revoked, by when its last access token expires (ms): sessions, and signing keys by their key ids. Auth
 * writes it each second, every process reads it.
 */
export const REVOCATIONS_KEY = "medconnect:revocations";

const POLL_MS = 1000;
/** A list older than this says nothing any more about who was signed out since. */
const GOOD_FOR_MS = 5000;

export interface Revocation {
  /** The `sid` of access tokens, or the key id of a signing key that must not be trusted any more. */
  sessionId: string;
  expireTime: Date;
}

/** Reads the whole list from where auth itself keeps it, for the times when Redis is away. */
export type RevocationSource = () => Promise<Revocation[]>;

/**
 * The sessions that have ended while an access token of theirs may still be about, and the signing keys that were
 * compromised; kept in memory so that no request waits for a look-up. Read from Redis each second, or from auth while Redis fails.
 */
export class Revocations {
  readonly #redis: Redis;
  readonly #fallback: RevocationSource;
  readonly #log: Logger;
  #ended = new Set<string>();
  #readAtMs = 0;
  readonly #startedAtMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(redis: Redis, fallback: RevocationSource, log: Logger) {
    this.#redis = redis;
    this.#fallback = fallback;
    this.#log = log;
  }

  /** Begins to read; `ready` tells when the first whole list is there. */
  start(): void {
    void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get ready(): boolean {
    return Date.now() - this.#readAtMs <= GOOD_FOR_MS;
  }

  /** Throws UNAUTHENTICATED if the token's session or key was revoked, REVOCATION_UNKNOWN if that cannot be told. */
  assertLive({ caller, keyId }: AccessToken): void {
    if (!this.ready) throw new ApiError("REVOCATION_UNKNOWN");
    if (this.#ended.has(caller.sessionId) || this.#ended.has(keyId)) throw new ApiError("UNAUTHENTICATED");
  }

  async #poll(): Promise<void> {
    const startedAtMs = Date.now();
    try {
      this.#ended = new Set(await this.#read());
      this.#readAtMs = startedAtMs;
    } catch (error) {
      // While a deployment starts, auth may not be there yet: that is no news until it lasts.
      const lasts = startedAtMs - Math.max(this.#readAtMs, this.#startedAtMs) > GOOD_FOR_MS / 2;
      if (lasts) this.#log.warn({ err: error }, "revocations cannot be read");
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  async #read(): Promise<string[]> {
    try {
      const [published, ...sessions] = await this.#readRedis();
      if (published) return sessions;
    } catch {
      // Redis is away; auth knows as well.
    }
    return (await this.#fallback()).map((revocation) => revocation.sessionId);
  }

  /** The list, led by the mark that auth has written it lately: an empty Redis must not read as "nobody left". */
  async #readRedis(): Promise<[boolean, ...string[]]> {
    const [heartbeat, sessions] = await Promise.all([
      this.#redis.get(`${REVOCATIONS_KEY}:published`),
      this.#redis.zrangebyscore(REVOCATIONS_KEY, Date.now(), "+inf"),
    ]);
    return [heartbeat !== null, ...sessions];
  }
}
