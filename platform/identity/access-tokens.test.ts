import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { newId } from "../ids/ids.ts";
import { AccessTokenVerifier } from "./access-tokens.ts";
import { COOL_DOWN_MS, KEPT_FOR_MS } from "./issuer-keys.ts";

const ISSUER = "https://issuer.test";
const AUDIENCE = "api";
const MAX_AGE_MS = 300_000;
const UNAUTHENTICATED = { reason: "UNAUTHENTICATED" };
const UNAVAILABLE = { reason: "UNAVAILABLE" };

interface Key {
  jwk: JWK;
  privateKey: Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];
}

/** Keys that the issuer publishes; "away" while the issuer cannot be reached. */
let published: Key[] | "away";
let fetches: number;
let verifier: AccessTokenVerifier;
let first: Key;
let second: Key;

const makeKey = async (kid: string): Promise<Key> => {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg: "EdDSA", use: "sig" }, privateKey };
};

beforeAll(async () => {
  [first, second] = await Promise.all([makeKey("first"), makeKey("second")]);
});

beforeEach(() => {
  // Only the clock is fake; timers are real.
  jest.useFakeTimers({
    doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "setTimeout", "performance"],
  });
  published = [first];
  fetches = 0;
  verifier = new AccessTokenVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    maxAgeMs: MAX_AGE_MS,
    fetchJwks: async () => {
      fetches++;
      if (published === "away") throw new Error("away");
      return { keys: published.map(({ jwk }) => jwk) };
    },
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const advance = (ms: number) => jest.setSystemTime(Date.now() + ms);

function tokenBy({ jwk, privateKey }: Key, more: JWTPayload = {}, kid = jwk.kid!): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  const user = { sub: newId(), sid: newId(), role: "PATIENT", auth_time: nowS };
  const claims = {
    ...user,
    iss: ISSUER,
    aud: AUDIENCE,
    jti: newId(),
    iat: nowS,
    exp: nowS + 864_000,
    ...more,
  };
  return new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid }).sign(privateKey);
}

describe("a token names", () => {
  test("a user, and the key that signed it", async () => {
    const token = await verifier.verify(await tokenBy(first));
    expect(token).toMatchObject({ caller: { kind: "user", role: "PATIENT" }, keyId: "first" });
  });

  const id = newId();
  const account = { sub: id, client_id: id, role: undefined, auth_time: undefined };

  test("or a service account with its scopes", async () => {
    const { caller } = await verifier.verify(
      await tokenBy(first, { ...account, scope: "a.b.read c.d.read" }),
    );
    expect(caller).toMatchObject({ kind: "serviceAccount", accountId: id });
    expect(caller.kind === "serviceAccount" && [...caller.scopes]).toEqual(["a.b.read", "c.d.read"]);
  });

  test.each<[string, JWTPayload]>([
    ["both", { sub: id, client_id: id, scope: "a.b.read" }],
    ["a user with scopes", { scope: "a.b.read" }],
    ["an account without scopes", account],
    ["an account that is not the subject", { ...account, client_id: newId(), scope: "a.b.read" }],
    ["an unknown role", { role: "ROOT" }],
    ["a malformed id", { sub: "1" }],
  ])("never %s", async (_what, claims) => {
    await expect(verifier.verify(await tokenBy(first, claims))).rejects.toMatchObject(UNAUTHENTICATED);
  });
});

describe("the issuer's keys", () => {
  test("are fetched once for concurrent callers", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenBy(first)));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(fetches).toBe(1);
  });

  test("are fetched again for an unknown key id, so that a new key is accepted at once", async () => {
    await verifier.verify(await tokenBy(first));
    published = [first, second];
    advance(COOL_DOWN_MS);
    expect(await verifier.verify(await tokenBy(second))).toMatchObject({ keyId: "second" });
    expect(fetches).toBe(2);
  });

  test("are fetched at most once in five seconds, however many key ids are made up", async () => {
    await verifier.verify(await tokenBy(first));
    for (let second = 0; second < 20; second++) {
      advance(1000);
      for (let i = 0; i < 50; i++) {
        const token = await tokenBy(first, {}, `made up ${second} ${i}`);
        await expect(verifier.verify(token)).rejects.toMatchObject(UNAUTHENTICATED);
      }
    }
    expect(fetches).toBe(1 + 20_000 / COOL_DOWN_MS);
  });

  test("are refreshed in the background when they are old", async () => {
    await verifier.verify(await tokenBy(first));
    published = [second];
    advance(MAX_AGE_MS + 1);
    expect(await verifier.verify(await tokenBy(first))).toMatchObject({ keyId: "first" });
    await new Promise(setImmediate);
    expect(fetches).toBe(2);
    await expect(verifier.verify(await tokenBy(first))).rejects.toMatchObject(UNAUTHENTICATED);
    expect(await verifier.verify(await tokenBy(second))).toMatchObject({ keyId: "second" });
  });

  test("stay in use for a day while the issuer is unreachable", async () => {
    await verifier.verify(await tokenBy(first));
    published = "away";
    advance(KEPT_FOR_MS - 1000);
    expect(await verifier.verify(await tokenBy(first))).toMatchObject({ keyId: "first" });
    advance(2000 + COOL_DOWN_MS);
    await expect(verifier.verify(await tokenBy(first))).rejects.toMatchObject(UNAVAILABLE);
  });

  test("that cannot be fetched cause UNAVAILABLE, if there are none, or for an id that may be a new key's", async () => {
    published = "away";
    await expect(verifier.verify(await tokenBy(first))).rejects.toMatchObject(UNAVAILABLE);
    published = [first];
    advance(1000);
    await verifier.verify(await tokenBy(first));
    published = "away";
    advance(COOL_DOWN_MS);
    await expect(verifier.verify(await tokenBy(second))).rejects.toMatchObject(UNAVAILABLE);
    published = [first, second];
    advance(COOL_DOWN_MS);
    await verifier.verify(await tokenBy(second));
  });

  test("that cannot be fetched cause no retry storm", async () => {
    published = "away";
    for (let i = 0; i < 50; i++) {
      await expect(verifier.verify(await tokenBy(first))).rejects.toMatchObject(UNAVAILABLE);
    }
    expect(fetches).toBe(1);
  });
});
