import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Clock } from "@medconnect/platform/clock.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { ACCESS_TOKEN_ALGORITHM } from "@medconnect/platform/identity/access-tokens.ts";
import { calculateJwkThumbprint } from "jose";
import { currentKey, publishedKeys } from "./signing-key-rules.ts";
import {
  insertSigningKey,
  listSigningKeys,
  type NewSigningKey,
  type SigningKey,
} from "./signing-key-store.ts";

/** How long what was read from the database is used; far less than a new key is published before it signs. */
const CACHE_MS = 5000;

/** A public signing key (RFC 7517, RFC 8037). */
export interface PublicJwk {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
  kid: string;
  alg: string;
  use: "sig";
}

/** What signs a token. */
export interface Signer {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export interface SigningKeysOptions {
  db: Database;
  box: SealedBox;
  clock: Clock;
}

/** The Ed25519 keys that tokens are signed with: in the database, so that every replica has the same. */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #cache: { keys: Promise<SigningKey[]>; readAtMs: number } | undefined;
  #signer: Signer | undefined;

  constructor(options: SigningKeysOptions) {
    this.#options = options;
  }

  /** Makes the first key, unless there is one. Of replicas that start at once, one makes it and all use it. */
  async ensureFirst(): Promise<void> {
    if ((await this.#read()).length > 0) return;
    const { db, box, clock } = this.#options;
    try {
      await insertSigningKey(db, await makeKey(box, 1, clock.now()));
    } catch (error) {
      if (duplicateKeyOf(error) !== "signing_keys.signing_keys_generation") throw error;
    }
    this.#cache = undefined;
  }

  /** The key to sign with now. */
  async current(): Promise<Signer> {
    const key = currentKey(await this.#read(), this.#options.clock.now());
    if (!key) throw new ApiError("UNAVAILABLE", { detail: "There is no signing key." });
    if (this.#signer?.kid !== key.kid) this.#signer = this.#unseal(key);
    return this.#signer;
  }

  /** The public keys, for verifiers. */
  async published(): Promise<PublicJwk[]> {
    return publishedKeys(await this.#read(), this.#options.clock.now()).map(({ kid, publicKey }) => ({
      kty: "OKP",
      crv: "Ed25519",
      x: publicKey,
      kid,
      alg: ACCESS_TOKEN_ALGORITHM,
      use: "sig",
    }));
  }

  #unseal({ kid, privateKey }: SigningKey): Signer {
    const der = this.#options.box.open(place(kid), privateKey);
    return { kid, privateKey: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
  }

  /** From memory where it was read just now; callers at once share one read, and a failed one is not kept. */
  async #read(): Promise<SigningKey[]> {
    const nowMs = this.#options.clock.now().getTime();
    if (this.#cache && nowMs - this.#cache.readAtMs < CACHE_MS) return await this.#cache.keys;
    const keys = listSigningKeys(this.#options.db, this.#options.clock.now());
    const entry = { keys, readAtMs: nowMs };
    this.#cache = entry;
    try {
      return await keys;
    } catch (error) {
      if (this.#cache === entry) this.#cache = undefined;
      throw error;
    }
  }
}

/** A new key pair that signs from `activateTime` on. */
async function makeKey(box: SealedBox, generation: number, activateTime: Date): Promise<NewSigningKey> {
  const pair = generateKeyPairSync("ed25519");
  const { x } = pair.publicKey.export({ format: "jwk" });
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x: x! });
  return {
    kid,
    generation,
    publicKey: x!,
    privateKey: box.seal(place(kid), pair.privateKey.export({ format: "der", type: "pkcs8" })),
    createTime: activateTime,
    activateTime,
    retireTime: null,
  };
}

const place = (kid: string): string => `signing_keys.private_key:${kid}`;
