import { generateKeyPairSync, randomBytes } from "node:crypto";
import { afterAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { AccessTokenVerifier } from "@medconnect/platform/identity/access-tokens.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { listRevocations } from "../revocations/revocation-store.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { keepKeys } from "./keep-keys.ts";
import { listKeys, revokeKey, rotateKey } from "./key-commands.ts";
import { makeKey } from "./make-key.ts";
import { listLastKeys } from "./signing-key-store.ts";
import { CACHE_MS, SigningKeys } from "./signing-keys.ts";

const DAY_MS = 24 * 3_600_000;
const TIMES = { generation: 50, readyTime: null, activateTime: new Date() };
const SETTINGS = { rotationMs: 30 * DAY_MS, tokenMs: 360_000, publishAheadMs: 600_000 };

let auth: TestAuth;
const started: TestAuth[] = [];
beforeEach(async () => {
  auth = await startTestAuth();
  started.push(auth);
});
afterAll(() => Promise.all(started.map((each) => each.close())));

const keep = () => keepKeys(auth.app, SETTINGS)();
/** Id of the key that signs. The new `SigningKeys` has no cache, like a replica that has just started. */
const signing = async () => (await new SigningKeys(auth.app).current()).kid;
const published = async () => (await new SigningKeys(auth.app).published()).map(({ kid }) => kid);
/** States of the keys in the output of `npm run keys`, without times, newest key first. */
const states = async () =>
  (await listKeys(auth.app))
    .split("\n")
    .slice(1)
    .map((line) => line.split(/ {2,}/)[2]!.replace(/ (since|until|from|2).*/, ""));
/** Audit lines of the commands, sorted: action and resource. */
const linesOfCommands = async () => {
  const lines = await auth.app.db.read<{ line: string }>(
    "SELECT CONCAT(action, ' ', resource) AS line FROM audit_events WHERE actor_id = 'command:keys'",
  );
  return lines.map(({ line }) => line).sort();
};
const privateKeys = () =>
  auth.app.db.read<{ kid: string; privateKey: Buffer | null }>(
    "SELECT kid, private_key AS privateKey FROM signing_keys ORDER BY generation",
  );

test("one of several processes that start at once makes the first keys, and all use them", async () => {
  await auth.app.db.write("DELETE FROM signing_keys");
  await Promise.all(Array.from({ length: 8 }, keep));
  const kids = await Promise.all(Array.from({ length: 8 }, signing));
  expect(new Set(kids).size).toBe(1);
  expect(await states()).toEqual(["next, ready", "signs"]);
});

test("private keys are encrypted in the database", async () => {
  const rows = await privateKeys();
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    // The DER prefix of every Ed25519 private key (RFC 8410 §7).
    expect(row.privateKey!.includes(Buffer.from("302e020100300506032b6570", "hex"))).toBe(false);
  }
});

describe("a key that auth did not write is refused for every use:", () => {
  /** An attacker's key pair. */
  const ownPair = () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    return { kid: `forged ${newId()}`, x: publicKey.export({ format: "jwk" }).x!, privateKey };
  };
  const insert = (
    row: { kid: string; x: string; encryptedKey?: Buffer; proof?: Buffer | null },
    generation = 0,
  ) =>
    auth.app.db.write(
      `INSERT INTO signing_keys (kid, generation, public_key, private_key, create_time, activate_time, proof)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [
        row.kid,
        generation,
        row.x,
        row.encryptedKey ?? null,
        auth.clock.now(),
        auth.clock.now(),
        row.proof ?? null,
      ],
    );
  const rows = () => listLastKeys(auth.app.db, 50);

  test.each<[string, () => Promise<unknown>]>([
    ["a row with an attacker's public key", () => insert(ownPair())],
    ["such a row as the newest generation", () => insert(ownPair(), 99)],
    [
      "a row with the proof of another row",
      async () => insert({ ...ownPair(), proof: (await rows())[0]!.proof }),
    ],
    [
      "a row with a private key that was encrypted for another row",
      async () => insert({ ...ownPair(), encryptedKey: (await rows())[0]!.privateKey! }),
    ],
    [
      "a row with a proof under another DATA_KEY",
      async () => {
        const made = await makeKey(new FieldCipher(randomBytes(32)), TIMES, auth.clock.now());
        await insert({ kid: made.kid, x: made.publicKey, proof: made.proof });
      },
    ],
  ])("%s", async (_case, put) => {
    const before = await published();
    const signer = await signing();
    await put();
    await keep();
    expect(await published()).toEqual(before);
    expect(await signing()).toBe(signer);
    expect(await states()).toContain("refused: auth did not write it");
  });

  test.each([
    ["public key", "public_key = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"],
    ["generation", "generation = 77"],
    ["create time", "create_time = create_time + INTERVAL 1 SECOND"],
    ["ready time", "ready_time = '2030-01-01'"],
    ["activate time", "activate_time = '2030-01-01'"],
    ["retire time", "retire_time = '2050-01-01'"],
  ])("a row whose %s was changed", async (_column, change) => {
    const kid = await signing();
    await auth.app.db.write(`UPDATE signing_keys SET ${change} WHERE kid = ?`, [kid]);
    expect(await published()).not.toContain(kid);
    // Auth makes a new key, and then signs with it.
    await keep();
    expect(await signing()).not.toBe(kid);
  });

  test("a retired key that was restored", async () => {
    const kid = await signing();
    await revokeKey(auth.app, kid);
    await auth.app.db.write("UPDATE signing_keys SET retire_time = NULL WHERE kid = ?", [kid]);
    expect(await published()).not.toContain(kid);
  });

  test("each process logs it once as an error", async () => {
    const error = jest.fn();
    const keys = new SigningKeys({ ...auth.app, log: { error } as never });
    const forged = ownPair();
    await insert(forged);
    for (let i = 0; i < 2; i++) {
      await keys.published();
      auth.clock.advance(CACHE_MS);
    }
    expect(error.mock.calls).toEqual([
      [{ kid: forged.kid }, "signing key refused: auth did not write its row"],
    ]);
  });

  test("the gauge counts it until it is revoked", async () => {
    const read = startMetrics("auth");
    const keys = new SigningKeys(auth.app);
    const refused = async () => {
      auth.clock.advance(CACHE_MS);
      await keys.published();
      return /^signing_keys_refused(?:\{[^}]*\})? (\d+)/m.exec(await read())?.[1];
    };
    const forged = ownPair();
    expect(await refused()).toBe("0");
    await insert(forged);
    expect(await refused()).toBe("1");
    expect(await revokeKey(auth.app, forged.kid)).toBe(`${forged.kid} is revoked`);
    expect(await refused()).toBe("0");
  });
});

test("a restart writes no proof for stored keys, even if none has one, and makes new keys", async () => {
  const before = await published();
  await auth.app.db.write("UPDATE signing_keys SET proof = NULL WHERE kid <> ''");
  await auth.startAnother();
  const after = await published();
  expect(after).toHaveLength(2);
  for (const kid of before) expect(after).not.toContain(kid);
});

test("the next key is published before it signs, and an old one until its tokens have expired", async () => {
  const [first, second] = [await signing(), (await published())[1]!];
  auth.clock.advance(SETTINGS.rotationMs - 1);
  await keep();
  expect(await signing()).toBe(first);

  auth.clock.advance(1);
  await Promise.all(Array.from({ length: 8 }, keep));
  expect(await signing()).toBe(second);
  const [, , third] = await published();
  expect(await published()).toEqual([first, second, third]);
  expect(await states()).toEqual(["next, ready", "signs", "verifies"]);

  auth.clock.advance(SETTINGS.tokenMs);
  expect(await published()).toEqual([second, third]);
  await keep();
  expect((await privateKeys()).map((row) => row.privateKey !== null)).toEqual([false, true, true]);
});

test("a rotation by command needs a next key that every verifier knows; --now does not", async () => {
  const [first, second] = await published();
  await expect(rotateKey(auth.app, "ready")).rejects.toThrow(/every verifier knows the next key from 2030/);
  expect(await signing()).toBe(first);
  auth.clock.advance(SETTINGS.publishAheadMs + CACHE_MS);
  expect(await rotateKey(auth.app, "ready")).toBe(`${second} signs now`);
  expect(await signing()).toBe(second);
  await expect(rotateKey(auth.app, "now")).rejects.toThrow(/no next key/);
  await keep();
  const [, , third] = await published();
  await expect(rotateKey(auth.app, "ready")).rejects.toThrow(/every verifier knows the next key/);
  expect(await rotateKey(auth.app, "now")).toBe(`${third} signs now`);
  expect(await linesOfCommands()).toEqual([`key.rotate keys/${second}`, `key.rotate keys/${third}`].sort());
});

test("a revoked key is unpublished at once, the next one signs, and its tokens are revoked", async () => {
  const [first, second] = await published();
  expect(await revokeKey(auth.app, first!)).toBe(`${first} is revoked; ${second} signs now`);
  expect(await published()).toEqual([second]);
  expect(await signing()).toBe(second);
  expect((await privateKeys())[0]).toEqual({ kid: first, privateKey: null });
  const revoked = await listRevocations(auth.app.db, auth.clock.now());
  expect(revoked.map(({ sessionId }) => sessionId)).toContain(first);
  expect(await linesOfCommands()).toEqual([`key.revoke keys/${first}`, `key.rotate keys/${second}`]);
  await expect(revokeKey(auth.app, first!)).rejects.toThrow(/no key/);
  await expect(revokeKey(auth.app, second!)).rejects.toThrow(/no next key/);
  await keep();
  expect(await states()).toEqual(["next, ready", "signs", "retired"]);
});

test("the platform's verifier accepts access tokens by the published keys", async () => {
  const user = await auth.makeUser("DOCTOR");
  const { app } = auth;
  const verifier = new AccessTokenVerifier({
    issuer: app.issuer,
    audience: app.audience,
    maxAgeMs: 300_000,
    fetchJwks: async () => ({ keys: (await app.signingKeys.published()).map((key) => ({ ...key })) }),
  });
  // The verifier uses the system clock. So the test sets its own clock to the same time before it makes the
  // key.
  await app.db.write("DELETE FROM signing_keys");
  auth.clock.advance(Date.now() - auth.clock.now().getTime());
  await keep();
  const { accessToken } = await auth.logIn(user);
  expect(await verifier.verify(accessToken)).toMatchObject({
    caller: { kind: "user", userId: user.id, role: "DOCTOR" },
    keyId: (await app.signingKeys.current()).kid,
  });
});
