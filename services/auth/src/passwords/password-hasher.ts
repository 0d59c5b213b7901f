import { randomBytes } from "node:crypto";
import { hash, parseOptions, verify } from "@node-rs/argon2";
import { HashQueue } from "./hash-queue.ts";

/**
 * Parameters of argon2id, the default algorithm of the library: 19 MiB, two passes, one lane (OWASP Password
 * Storage Cheat Sheet).
 */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };
const SALT_BYTES = 16;

/**
 * Hash that no password matches. It is used for an unknown account, so that the verification takes as long as
 * for a known account.
 */
const DUMMY_HASH = phcOf(randomBytes(SALT_BYTES), randomBytes(PARAMETERS.outputLen));

function phcOf(salt: Buffer, bytes: Buffer): string {
  const { memoryCost, timeCost, parallelism } = PARAMETERS;
  const [saltText, hashText] = [salt, bytes].map((part) => part.toString("base64").replaceAll("=", ""));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${saltText}$${hashText}`;
}

export interface HasherOptions {
  /** Maximum of concurrent hashes. */
  atOnce: number;
  /** Maximum of queued hashes. */
  waiting: number;
}

/**
 * Hashes passwords on libuv's threads. Each hash takes 19 MiB and about 25 ms of a core. The number of
 * concurrent hashes is limited, so that a burst of logins leaves memory and CPU for other work.
 */
export class PasswordHasher {
  readonly #hashQueue: HashQueue;

  constructor({ atOnce, waiting }: HasherOptions) {
    this.#hashQueue = new HashQueue({ atOnce, waiting });
  }

  /**
   * Hashes a password. Throws UNAVAILABLE if the queue is full, and DEADLINE_EXCEEDED if the deadline passes
   * while the call is queued.
   *
   * @param deadline ms since the epoch
   * @returns a PHC string
   */
  async hash(password: string, deadline: number): Promise<string> {
    return await this.#hashQueue.run(deadline, () => hash(canonical(password), PARAMETERS));
  }

  /**
   * True if the password matches the hash. An account that does not exist has no hash; the method then
   * returns false after the same time. Throws the same errors as `hash`.
   */
  async verify(passwordHash: string | undefined, password: string, deadline: number): Promise<boolean> {
    const matches = await this.#hashQueue.run(deadline, () =>
      verify(passwordHash ?? DUMMY_HASH, canonical(password)),
    );
    return passwordHash !== undefined && matches;
  }
}

/** True if a hash was made with weaker parameters than those of new hashes. */
export function isWeak(passwordHash: string): boolean {
  if (!passwordHash.startsWith("$argon2id$v=19$")) return true;
  const used = parseOptions(passwordHash);
  return (
    used.memoryCost < PARAMETERS.memoryCost ||
    used.timeCost < PARAMETERS.timeCost ||
    used.outputLen < PARAMETERS.outputLen ||
    used.saltLen < SALT_BYTES
  );
}

/** Converts characters that keyboards encode in different ways to one form (NIST SP 800-63B §3.1.1.2). */
const canonical = (password: string): string => password.normalize("NFKC");
