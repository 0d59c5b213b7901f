import { randomBytes } from "node:crypto";
import { hash, parseOptions, verify } from "@node-rs/argon2";
import { HashQueue } from "./hash-queue.ts";

/** argon2id (the library's default) as the OWASP Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };
const SALT_BYTES = 16;

/** A hash of no known password, which takes as long to verify. */
const NOBODYS = phcOf(randomBytes(SALT_BYTES), randomBytes(PARAMETERS.outputLen));

function phcOf(salt: Buffer, bytes: Buffer): string {
  const { memoryCost, timeCost, parallelism } = PARAMETERS;
  const [saltText, hashText] = [salt, bytes].map((part) => part.toString("base64").replaceAll("=", ""));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${saltText}$${hashText}`;
}

export interface HasherOptions {
  /** How many hashes run at once. */
  atOnce: number;
  /** How many more may wait. */
  waiting: number;
}

/**
 * Hashes passwords, on libuv's threads. Each hash takes 19 MiB and some 25 ms of a core, so only a few run at once:
 * a storm of logins must not take memory and processor from everything else.
 */
export class PasswordHasher {
  readonly #hashQueue: HashQueue;

  constructor({ atOnce, waiting }: HasherOptions) {
    this.#hashQueue = new HashQueue({ atOnce, waiting });
  }

  /**
   * A password's hash as a PHC string. Throws UNAVAILABLE when too many wait.
   *
   * @param deadline when nobody waits for the answer any more, ms since the epoch
   */
  async hash(password: string, deadline: number): Promise<string> {
    return await this.#hashQueue.run(deadline, () => hash(canonical(password), PARAMETERS));
  }

  /**
   * Whether a password is the one that was hashed. Without a hash, for an account that does not exist, the answer is
   * no and takes as long. Throws as `hash` does.
   */
  async verify(passwordHash: string | undefined, password: string, deadline: number): Promise<boolean> {
    const matches = await this.#hashQueue.run(deadline, () =>
      verify(passwordHash ?? NOBODYS, canonical(password)),
    );
    return passwordHash !== undefined && matches;
  }
}

/** Whether a hash was made with less than what is asked for today. */
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

/** One form for what looks the same, as keyboards differ in how they send it (NIST SP 800-63B §3.1.1.2). */
const canonical = (password: string): string => password.normalize("NFKC");
