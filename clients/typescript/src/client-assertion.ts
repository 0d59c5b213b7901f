import { randomKey } from "./random-key.ts";

/** A private key as a JWK (RFC 7517) of the curve P-256 or Ed25519. `kid` names it among the account's keys. */
export interface PrivateJwk {
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly d?: string | undefined;
  readonly kid?: string | undefined;
}

/** Longest time to the expiry that the API accepts. */
const LIFETIME_S = 60;

interface Algorithm {
  /** Name in the header of a JWT (RFC 7518, RFC 8037). */
  alg: string;
  key: { name: string; namedCurve?: string };
  signature: { name: string; hash?: string };
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "P-256": {
    alg: "ES256",
    key: { name: "ECDSA", namedCurve: "P-256" },
    signature: { name: "ECDSA", hash: "SHA-256" },
  },
  Ed25519: { alg: "EdDSA", key: { name: "Ed25519" }, signature: { name: "Ed25519" } },
};

/** Makes assertions by which a client proves its identity (RFC 7523). Each one works once. */
export type SignAssertion = (clientId: string, audience: string) => Promise<string>;

/** Throws TypeError for a key of another kind. */
export function assertionSigner({ kty, crv, x, y, d, kid }: PrivateJwk): SignAssertion {
  const algorithm = ALGORITHMS[crv ?? ""];
  if (!algorithm || !kty || !crv || !x || !d)
    throw new TypeError("privateKey must be a private JWK of P-256 or Ed25519.");
  // Other members, such as `alg` and `key_ops`, could forbid the import of a key that fits.
  const jwk = { kty, crv, x, ...(y && { y }), d };
  const load = () => crypto.subtle.importKey("jwk", jwk, algorithm.key, false, ["sign"]);
  let key: ReturnType<typeof load> | undefined;

  return async (clientId, audience) => {
    key ??= load();
    const issueTimeS = Math.floor(Date.now() / 1000);
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: audience,
      jti: randomKey(),
      iat: issueTimeS,
      exp: issueTimeS + LIFETIME_S,
    };
    const unsigned = `${encodeJson({ alg: algorithm.alg, kid })}.${encodeJson(claims)}`;
    const signature = await crypto.subtle.sign(algorithm.signature, await key, bytesOf(unsigned));
    return `${unsigned}.${encode(new Uint8Array(signature))}`;
  };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const encodeJson = (json: object): string => encode(bytesOf(JSON.stringify(json)));

/** Base64url without padding (RFC 7515 §2). */
const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
