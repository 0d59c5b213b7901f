import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AccessTokenVerifier } from "@medconnect/platform/identity/access-tokens.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { SigningKeys } from "./signing-keys.ts";

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

test("of several processes that start at once one makes the first key, and all have it", async () => {
  await auth.app.db.write("DELETE FROM signing_keys");
  const replicas = Array.from({ length: 8 }, () => new SigningKeys(auth.app));
  await Promise.all(replicas.map((keys) => keys.ensureFirst()));
  const kids = await Promise.all(replicas.map(async (keys) => (await keys.current()).kid));
  expect(new Set(kids).size).toBe(1);
  const fresh = new SigningKeys(auth.app);
  expect((await fresh.published()).map((key) => key.kid)).toEqual([kids[0]]);
});

test("the private key lies sealed in the database", async () => {
  const [row] = await auth.app.db.read<{ private_key: Buffer }>("SELECT private_key FROM signing_keys");
  // The DER prefix of every Ed25519 private key (RFC 8410 §7).
  expect(row!.private_key.includes(Buffer.from("302e020100300506032b6570", "hex"))).toBe(false);
});

test("access tokens verify with the published keys, by the platform's own verifier", async () => {
  const keys = new SigningKeys(auth.app);
  const user = await auth.makeUser("DOCTOR");
  const { app } = auth;
  const verifier = new AccessTokenVerifier({
    issuer: app.issuer,
    audience: app.audience,
    fetchJwks: async () => ({ keys: (await keys.published()).map((key) => ({ ...key })) }),
  });
  auth.clock.advance(10_000);
  const { accessToken } = await auth.logIn(user);
  expect(await verifier.verify(accessToken)).toMatchObject({ kind: "user", userId: user.id, role: "DOCTOR" });
});
