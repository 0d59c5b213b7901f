import type { Redis } from "ioredis";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { gauge } from "../telemetry/metrics.ts";
import { START_MS } from "../time/start-up.ts";
import type { AccessToken } from "./access-tokens.ts";
import { refuseToken } from "./refuse-token.ts";
import type { Revocation, RevocationList, RevocationLists } from "./revocation-lists.ts";

/**
 * Redis key of the revocation list, which auth writes every second. It is not `medconnect:revocations`,
 * because earlier releases keep a sorted set under that key, and run at the same time during a rollout.
 */
export const REVOCATIONS_KEY = "medconnect:revocation-list";
/**
 * Maximum age of a list in Redis. Together with the poll interval, this maximum ensures that a sign-out takes
 * effect within five seconds.
 */
export const PUBLISHED_FOR_MS = 3000;

const POLL_MS = 1000;
/** Poll interval until the first list is known. Until then, the process refuses all users. */
const FIRST_POLL_MS = 100;
/** Age in ms at which the list in memory is too old to use, because it lacks later sign-outs. */
const GOOD_FOR_MS = 5000;

/** Reads the whole list from auth. Called if Redis has no valid list. */
export type RevocationSource = () => Promise<Revocation[]>;

export interface RevocationsOptions {
  redis: Pick<Redis, "get">;
  lists: RevocationLists;
  fallback: RevocationSource;
  log: Logger;
}

/**
 * List of the sessions that ended before their access tokens expire, and of compromised signing keys. It is
 * kept in memory, so that no request waits for a look-up. It is read from Redis every second, or from auth if
 * Redis has no recent list. An entry stays until it expires, even if a later list omits it.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  /**
   * Ended sessions and compromised signing keys. Maps a session id or key id to the time (ms since the epoch)
   * at which the last access token of that session or key expires.
   */
  readonly #ended = new Map<string, number>();
  #heardAtMs = 0;
  readonly #startedAtMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Starts polling. Resolves after the first attempt. `hasLoaded` is true if that attempt succeeded. */
  async start(): Promise<void> {
    gauge(
      "revocations.known",
      "1 if the list of ended sessions is recent; at 0, callers with a token get REVOCATION_UNKNOWN",
      (report) => report(this.#isRecent ? 1 : 0),
    );
    await this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * True once a list has been read, which shows that the settings of this process fit those of auth. It stays
   * true while auth is away: taking every process out of service would end public calls as well.
   */
  get hasLoaded(): boolean {
    return this.#heardAtMs > 0;
  }

  get #isRecent(): boolean {
    return Date.now() - this.#heardAtMs <= GOOD_FOR_MS;
  }

  /**
   * Checks that a token is not revoked. Throws UNAUTHENTICATED if its session has ended or its signing key is
   * compromised, and REVOCATION_UNKNOWN if this process has no recent list.
   */
  assertLive({ caller, keyId }: AccessToken): void {
    if (!this.#isRecent) throw new ApiError("REVOCATION_UNKNOWN");
    if (this.#ended.has(caller.sessionId) || this.#ended.has(keyId)) throw refuseToken("revoked");
  }

  async #poll(): Promise<void> {
    const startedAtMs = Date.now();
    // Logs failures only if they go on for some time.
    const lasts = this.hasLoaded
      ? startedAtMs - this.#heardAtMs > GOOD_FOR_MS / 2
      : startedAtMs - this.#startedAtMs > START_MS;
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
    const pauseMs = this.hasLoaded || lasts ? POLL_MS : FIRST_POLL_MS;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#poll(), pauseMs);
  }

  /** The list in Redis; undefined if there is no valid, recent one. */
  async #published(): Promise<RevocationList | undefined> {
    const { redis, lists } = this.#options;
    try {
      const list = lists.read((await redis.get(REVOCATIONS_KEY)) ?? "");
      // If the clocks of this machine and of auth differ by more than `PUBLISHED_FOR_MS`, each poll reads the
      // list from auth, which is slower but correct.
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
