import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { AccessTokenVerifier } from "@medconnect/platform/identity/access-tokens.ts";
import { listRevocations } from "../sessions/revocation-store.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { keepKeys } from "./keep-keys.ts";
import { listKeys, revokeKey, rotateKey } from "./key-commands.ts";
import { CACHE_MS, SigningKeys } from "./signing-keys.ts";

const DAY_MS = 24 * 3_600_000;
const SETTINGS = { rotationMs: 30 * DAY_MS, tokenMs: 360_000, publishAheadMs: 600_000 };

let auth: TestAuth;
const started: TestAuth[] = [];
beforeEach(async () => {
  auth = await startTestAuth();
  started.push(auth);
});
afterAll(() => Promise.all(started.map((each) => each.close())));

const keep = () => keepKeys(auth.app, SETTINGS)();
/** As a replica that has just started reads them. */
const signing = async () => (await new SigningKeys(auth.app).current()).kid;
const published = async () => (await new SigningKeys(auth.app).published()).map(({ kid }) => kid);
/** Kid and state of each key, newest first; without times. */
const states = async () =>
  (await listKeys(auth.app))
    .split("\n")
    .map((line) => line.split("  ")[2]!.replace(/ (since|until|from|2).*/, ""));
const privateParts = () =>
  auth.app.db.read<{ kid: string; private_key: Buffer | null }>(
    "SELECT kid, private_key FROM signing_keys ORDER BY generation",
  );

test("of several processes that start at once one makes the first keys, and all have them", async () => {
  await auth.app.db.write("DELETE FROM signing_keys");
  await Promise.all(Array.from({ length: 8 }, keep));
  const kids = await Promise.all(Array.from({ length: 8 }, signing));
  expect(new Set(kids).size).toBe(1);
  expect(await states()).toEqual(["next, ready", "signs"]);
});

test("the private keys lie sealed in the database", async () => {
  const rows = await privateParts();
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    // The DER prefix of every Ed25519 private key (RFC 8410 §7).
    expect(row.private_key!.includes(Buffer.from("302e020100300506032b6570", "hex"))).toBe(false);
  }
});

test("the next key is published long before it signs, the last one as long as its tokens live", async () => {
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
  expect((await privateParts()).map((row) => row.private_key !== null)).toEqual([false, true, true]);
});

test("by command the next key signs at once, if it is known everywhere; --now takes it anyway", async () => {
  const [first, second] = await published();
  await expect(rotateKey(auth.app, "ready")).rejects.toThrow(/known to every verifier from 2030/);
  expect(await signing()).toBe(first);
  auth.clock.advance(SETTINGS.publishAheadMs + CACHE_MS);
  expect(await rotateKey(auth.app, "ready")).toBe(`${second} signs now`);
  expect(await signing()).toBe(second);
  await expect(rotateKey(auth.app, "now")).rejects.toThrow(/no next key/);
  await keep();
  const [, , third] = await published();
  await expect(rotateKey(auth.app, "ready")).rejects.toThrow(/known to every verifier/);
  expect(await rotateKey(auth.app, "now")).toBe(`${third} signs now`);
  const audit = await auth.app.db.read<{ line: string }>(
    "SELECT CONCAT(action, ' ', resource) AS line FROM audit_events WHERE actor_id = 'command:keys'",
  );
  expect(audit.map(({ line }) => line).sort()).toEqual(
    [`key.rotate keys/${second}`, `key.rotate keys/${third}`].sort(),
  );
});

test("a revoked key is gone at once, the next one signs, and what it signed is on the list of revocations", async () => {
  const [first, second] = await published();
  expect(await revokeKey(auth.app, first!)).toBe(`${first} is revoked; ${second} signs now`);
  expect(await published()).toEqual([second]);
  expect(await signing()).toBe(second);
  expect((await privateParts())[0]).toEqual({ kid: first, private_key: null });
  const revoked = await listRevocations(auth.app.db, auth.clock.now());
  expect(revoked.map(({ sessionId }) => sessionId)).toContain(first);
  await expect(revokeKey(auth.app, first!)).rejects.toThrow(/no key/);
  await expect(revokeKey(auth.app, second!)).rejects.toThrow(/no next key/);
  await keep();
  expect(await states()).toEqual(["next, ready", "signs", "retired"]);
});

test("access tokens verify with the published keys, by the platform's own verifier", async () => {
  const user = await auth.makeUser("DOCTOR");
  const { app } = auth;
  const verifier = new AccessTokenVerifier({
    issuer: app.issuer,
    audience: app.audience,
    maxAgeMs: 300_000,
    fetchJwks: async () => ({ keys: (await app.signingKeys.published()).map((key) => ({ ...key })) }),
  });
  // The verifier goes by the real time.
  await app.db.write("DELETE FROM signing_keys");
  auth.clock.advance(Date.now() - auth.clock.now().getTime());
  await keep();
  const { accessToken } = await auth.logIn(user);
  expect(await verifier.verify(accessToken)).toMatchObject({
    caller: { kind: "user", userId: user.id, role: "DOCTOR" },
    keyId: (await app.signingKeys.current()).kid,
  });
});
