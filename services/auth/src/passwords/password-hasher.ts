import { randomBytes } from "node:crypto";
import { hash, parseOptions, verify } from "@node-rs/argon2";
import { HashQueue } from "./hash-queue.ts";

/** Work of one hash with argon2id, the default algorithm of the library. */
export interface HashCost {
  /** KiB */
  readonly memoryCost: number;
  /** Passes over the memory. */
  readonly timeCost: number;
}

/** 19 MiB and two passes with one lane (OWASP Password Storage Cheat Sheet). */
const OWASP_COST: HashCost = { memoryCost: 19_456, timeCost: 2 };
const PARALLELISM = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Makes a hash that no password matches. */
function dummyHash({ memoryCost, timeCost }: HashCost): string {
  const [salt, bytes] = [SALT_BYTES, HASH_BYTES].map((size) =>
    randomBytes(size).toString("base64").replaceAll("=", ""),
  );
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${PARALLELISM}$${salt}$${bytes}`;
}

export interface HasherOptions {
  /** Maximum of concurrent hashes. */
  atOnce: number;
  /** Maximum of queued hashes. */
  waiting: number;
  /** Default: as OWASP recommends. Tests that are not about hashing use less. */
  cost?: HashCost;
}

/**
 * Hashes passwords on libuv's threads. Each hash takes 19 MiB and about 25 ms of a core. The number of
 * concurrent hashes is limited, so that a burst of logins leaves memory and CPU for other work.
 */
export class PasswordHasher {
  readonly #hashQueue: HashQueue;
  readonly #cost: HashCost;
  /** Hash for unknown accounts, so that their verification takes as long as that of known ones. */
  readonly #dummyHash: string;

  constructor({ atOnce, waiting, cost = OWASP_COST }: HasherOptions) {
    this.#hashQueue = new HashQueue({ atOnce, waiting });
    this.#cost = cost;
    this.#dummyHash = dummyHash(cost);
  }

  /**
   * Hashes a password. Throws UNAVAILABLE if the queue is full, and DEADLINE_EXCEEDED if the deadline passes
   * while the call is queued.
   *
   * @param deadline ms since the epoch
   * @returns a PHC string
   */
  async hash(password: string, deadline: number): Promise<string> {
    const parameters = { ...this.#cost, parallelism: PARALLELISM, outputLen: HASH_BYTES };
    return await this.#hashQueue.run(deadline, () => hash(canonical(password), parameters));
  }

  /**
   * True if the password matches the hash. An account that does not exist has no hash; the method then
   * returns false after the same time. Throws the same errors as `hash`.
   */
  async verify(passwordHash: string | undefined, password: string, deadline: number): Promise<boolean> {
    const matches = await this.#hashQueue.run(deadline, () =>
      verify(passwordHash ?? this.#dummyHash, canonical(password)),
    );
    return passwordHash !== undefined && matches;
  }

  /** True if a hash was made with weaker parameters than those of new hashes. */
  isWeak(passwordHash: string): boolean {
    if (!passwordHash.startsWith("$argon2id$v=19$")) return true;
    const used = parseOptions(passwordHash);
    return (
      used.memoryCost < this.#cost.memoryCost ||
      used.timeCost < this.#cost.timeCost ||
      used.outputLen < HASH_BYTES ||
      used.saltLen < SALT_BYTES
    );
  }
}

/** Converts characters that keyboards encode in different ways to one form (NIST SP 800-63B §3.1.1.2). */
const canonical = (password: string): string => password.normalize("NFKC");
