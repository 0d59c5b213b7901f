import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  ClientKey,
  ServiceAccount,
  ServiceAccountServiceService as service,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import {
  type CryptoKey,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { listRevocations } from "../revocations/revocation-store.ts";
import { callStats, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { disableServiceAccount, enableServiceAccount } from "./change-service-account-status.ts";
import { createServiceAccount } from "./create-service-account.ts";
import { issueToken } from "./issue-token.ts";
import { getServiceAccount } from "./read-service-accounts.ts";
import { setServiceAccountKeys } from "./set-keys.ts";

const ISSUER = "http://localhost:8080";
const TOKEN_URL = `${ISSUER}/v1/auth/token`;
const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const INVALID_CLIENT = { reason: "INVALID_CLIENT" };

let auth: TestAuth;
let admin: UserCaller;
beforeAll(async () => {
  auth = await startTestAuth();
  admin = await auth.signInAdmin();
});
afterAll(() => auth.close());

interface KeyPair {
  alg: string;
  publicJwk: ClientKey;
  privateKey: CryptoKey;
}

async function makeKey(alg = "ES256", kid = `key-${newId()}`): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, publicJwk: ClientKey.fromPartial({ ...(await exportJWK(publicKey)), kid }), privateKey };
}

const create = (keys: KeyPair[]) =>
  auth.call(
    service.createServiceAccount,
    bound(createServiceAccount, auth.app),
    {
      serviceAccount: ServiceAccount.fromPartial({
        name: `System ${newId()}`,
        scopes: ["billing.payments.read"],
        jwks: { keys: keys.map(({ publicJwk }) => publicJwk) },
      }),
    },
    admin,
  );

const setKeys = (serviceAccountId: string, keys: ClientKey[], endSecrets = false) =>
  auth.call(
    service.setServiceAccountKeys,
    bound(setServiceAccountKeys, auth.app),
    { serviceAccountId, jwks: { keys }, endSecrets, idempotencyKey: "" },
    admin,
  );

const nowS = () => Math.floor(auth.clock.now().getTime() / 1000);

/** Makes an assertion as oauth4webapi does, with changes by the test. */
const sign = (
  { alg, publicJwk, privateKey }: KeyPair,
  clientId: string,
  claims: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = { kid: publicJwk.kid },
) =>
  new SignJWT({
    jti: newId(),
    aud: ISSUER,
    exp: nowS() + 60,
    iat: nowS(),
    nbf: nowS(),
    iss: clientId,
    sub: clientId,
    ...claims,
  })
    .setProtectedHeader({ alg, ...header })
    .sign(privateKey);

const issue = (clientAssertion: string, clientId?: string) =>
  auth.call(service.issueToken, bound(issueToken, auth.app), {
    grantType: "client_credentials",
    clientId,
    clientSecret: undefined,
    scope: "",
    clientAssertionType: TYPE,
    clientAssertion,
  });
const revoked = async () =>
  (await listRevocations(auth.app.db, auth.clock.now())).map(({ sessionId }) => sessionId);

test.each(["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])(
  "a %s key authenticates its account",
  async (alg) => {
    const key = await makeKey(alg);
    const { id, clientSecret, jwks } = await create([key]);
    expect(clientSecret).toBeUndefined();
    expect(jwks).toEqual({ keys: [key.publicJwk] });
    const { accessToken, scope } = await issue(await sign(key, id), id);
    expect(scope).toBe("billing.payments.read");
    expect(decodeJwt(accessToken)).toMatchObject({ sub: id, client_id: id, scope });
    await issue(await sign(key, id, { aud: TOKEN_URL }));
    await issue(await sign(key, id, { aud: [ISSUER] }, {}));
  },
);

test("an assertion works once, also among concurrent calls", async () => {
  const key = await makeKey();
  const { id } = await create([key]);
  const assertion = await sign(key, id);
  const stats = await callStats(Array.from({ length: 20 }, () => issue(assertion)));
  expect(stats).toEqual({ ok: 1, INVALID_CLIENT: 19 });
  await expect(issue(assertion)).rejects.toMatchObject({
    ...INVALID_CLIENT,
    message: expect.stringContaining("jti was used before"),
  });
});

test("two accounts may use one jti", async () => {
  const [one, other] = [await makeKey(), await makeKey()];
  const [first, second] = [await create([one]), await create([other])];
  const jti = newId();
  await issue(await sign(one, first.id, { jti }));
  await issue(await sign(other, second.id, { jti }));
});

test("a replay is refused until the assertion has expired by every clock", async () => {
  const key = await makeKey();
  const { id } = await create([key]);
  const assertion = await sign(key, id);
  await issue(assertion);
  auth.clock.advance(69_000);
  await expect(issue(assertion)).rejects.toMatchObject({ message: expect.stringContaining("jti") });
  auth.clock.advance(1000);
  await expect(issue(assertion)).rejects.toMatchObject({ message: expect.stringContaining("exp") });
});

test.each<[string, Record<string, unknown>, string]>([
  ["another audience", { aud: "https://other.example.org" }, "aud"],
  ["a second audience", { aud: [ISSUER, "https://other.example.org"] }, "aud"],
  ["no audience", { aud: undefined }, "aud"],
  ["another issuer", { iss: newId() }, "iss"],
  ["an expiry too far ahead", { exp: 9_999_999_999 }, "exp"],
  ["an expiry in the past", { exp: 1_000_000_000 }, "exp"],
  ["no expiry", { exp: undefined }, "exp"],
  ["a start in the future", { nbf: 9_999_999_999 }, "nbf"],
  ["no id", { jti: undefined }, "jti"],
  ["an empty id", { jti: "" }, "jti"],
  ["an id that is no text", { jti: 7 }, "jti"],
])("an assertion with %s is refused, and told the claim", async (_title, claims, claim) => {
  const key = await makeKey();
  const { id } = await create([key]);
  await expect(issue(await sign(key, id, claims))).rejects.toMatchObject({
    ...INVALID_CLIENT,
    message: expect.stringContaining(claim),
  });
});

test("clocks may differ by ten seconds", async () => {
  const key = await makeKey();
  const { id } = await create([key]);
  await issue(await sign(key, id, { exp: nowS() + 70, nbf: nowS() + 10, iat: nowS() + 10 }));
  await issue(await sign(key, id, { exp: nowS() - 9 }));
  await expect(issue(await sign(key, id, { exp: nowS() + 71 }))).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(await sign(key, id, { exp: nowS() - 10 }))).rejects.toMatchObject(INVALID_CLIENT);
});

const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");

test("forged assertions are refused without a word on the cause", async () => {
  const [key, other] = [await makeKey(), await makeKey("ES256")];
  const { id } = await create([key]);
  const claims = { jti: newId(), aud: ISSUER, exp: nowS() + 60, iss: id, sub: id };
  const good = await sign(key, id);
  const [header, payload, signature = ""] = good.split(".");
  const forged = {
    "another key under the id": await sign({ ...other, publicJwk: key.publicJwk }, id),
    "an unknown key id": await sign(key, id, {}, { kid: "unknown" }),
    "alg none with a signature": `${encode({ alg: "none" })}.${payload}.${signature}`,
    "the public key as an HMAC secret": await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: key.publicJwk.kid })
      .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk))),
    "a key in its header": await sign(other, id, {}, { jwk: await exportJWK(other.privateKey) } as never),
    "another payload": `${header}.${encode({ ...claims, jti: "x" })}.${signature}`,
    "no JWT": "a.b.c",
  };
  for (const [title, assertion] of Object.entries(forged)) {
    const error = await issue(assertion).catch((thrown: unknown) => thrown);
    expect({ title, error }).toMatchObject({
      error: { ...INVALID_CLIENT, message: expect.stringMatching(/^The credentials do not match/) },
    });
  }
  for (const unsigned of [new UnsecuredJWT(claims).encode(), `${header}.${payload}.`]) {
    await expect(issue(unsigned)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  }
  await issue(good);
});

test("an assertion of another account, for another id, or of an unknown id is refused", async () => {
  const [one, other] = [await makeKey("ES256", "same"), await makeKey("ES256", "same")];
  const [first, second] = [await create([one]), await create([other])];
  await expect(issue(await sign(one, second.id))).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(await sign(one, first.id), second.id)).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(await sign(one, newId()))).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(await sign(one, "no id"))).rejects.toMatchObject(INVALID_CLIENT);
});

test("an assertion without a key id is refused if the account has several keys", async () => {
  const [one, other] = [await makeKey(), await makeKey()];
  const { id } = await create([one, other]);
  await expect(issue(await sign(one, id, {}, {}))).rejects.toMatchObject(INVALID_CLIENT);
  await issue(await sign(one, id));
  await issue(await sign(other, id));
});

test("a key for one algorithm verifies no other", async () => {
  const key = await makeKey("RS256");
  const { id } = await create([{ ...key, publicJwk: { ...key.publicJwk, alg: "PS256" } }]);
  await expect(issue(await sign(key, id))).rejects.toMatchObject(INVALID_CLIENT);
});

test.each([
  [
    "a point off the curve",
    async () => ({ ...(await makeKey()).publicJwk, x: "A".repeat(43) }),
    /^jwks.keys\[0\]$/,
  ],
  ["RSA with 1024 bits", async () => rsaKey(1024), /^jwks.keys\[0\]$/],
  ["an exponent with which anybody can sign", async () => ({ ...rsaKey(2048), e: "AQ" }), /^jwks.keys\[0\]$/],
  ["an even exponent", async () => ({ ...rsaKey(2048), e: "AQAA" }), /^jwks.keys\[0\]$/],
  ["an even modulus", async () => ({ ...rsaKey(2048), n: `${"_".repeat(341)}g` }), /^jwks.keys\[0\]$/],
  ["a missing member", async () => ({ ...(await makeKey()).publicJwk, y: undefined }), /^jwks.keys\[0\].y$/],
])("a key set with %s is refused", async (_title, makeBadKey, field) => {
  const { id } = await create([await makeKey()]);
  await expect(setKeys(id, [await makeBadKey()])).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
    violations: [{ field: expect.stringMatching(field) }],
  });
});

function rsaKey(modulusLength: number): ClientKey {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
  return ClientKey.fromPartial({ ...publicKey.export({ format: "jwk" }), kid: "small" });
}

test("a rotation has no gap: a key that stays keeps its tokens, one that goes loses them", async () => {
  const [old, next] = [await makeKey(), await makeKey()];
  const { id } = await create([old]);
  const oldSid = decodeJwt((await issue(await sign(old, id))).accessToken).sid;
  await setKeys(id, [old.publicJwk, next.publicJwk]);
  expect(decodeJwt((await issue(await sign(old, id))).accessToken).sid).toBe(oldSid);
  const nextSid = decodeJwt((await issue(await sign(next, id))).accessToken).sid;
  const { jwks } = await setKeys(id, [next.publicJwk]);
  expect(jwks?.keys).toEqual([next.publicJwk]);
  await expect(issue(await sign(old, id))).rejects.toMatchObject(INVALID_CLIENT);
  await issue(await sign(next, id));
  expect(await revoked()).toContain(oldSid);
  expect(await revoked()).not.toContain(nextSid);
});

test("concurrent changes of the keys leave one of the sets", async () => {
  const keys = await Promise.all([1, 2, 3, 4].map(() => makeKey()));
  const { id } = await create([await makeKey()]);
  await Promise.all(keys.map(({ publicJwk }) => setKeys(id, [publicJwk])));
  const handler = bound(getServiceAccount, auth.app);
  const { jwks } = await auth.call(service.getServiceAccount, handler, { serviceAccountId: id }, admin);
  expect(jwks?.keys).toHaveLength(1);
});

test("an account may have both, a secret and keys, and may give up its secret", async () => {
  const key = await makeKey();
  const account = await auth.call(
    service.createServiceAccount,
    bound(createServiceAccount, auth.app),
    {
      serviceAccount: ServiceAccount.fromPartial({
        name: `System ${newId()}`,
        scopes: ["billing.payments.read"],
      }),
    },
    admin,
  );
  const withSecret = () =>
    auth.call(service.issueToken, bound(issueToken, auth.app), {
      grantType: "client_credentials",
      clientId: account.id,
      clientSecret: account.clientSecret,
      scope: "",
      clientAssertionType: undefined,
      clientAssertion: undefined,
    });
  const { sid } = decodeJwt((await withSecret()).accessToken);
  await setKeys(account.id, [key.publicJwk]);
  await withSecret();
  await issue(await sign(key, account.id));
  await setKeys(account.id, [key.publicJwk], true);
  await expect(withSecret()).rejects.toMatchObject(INVALID_CLIENT);
  expect(await revoked()).toContain(sid);
  await issue(await sign(key, account.id));
});

test("disabling revokes the tokens of keys, and enabling gives new ones", async () => {
  const key = await makeKey();
  const { id } = await create([key]);
  const { sid } = decodeJwt((await issue(await sign(key, id))).accessToken);
  const request = { serviceAccountId: id, idempotencyKey: "" };
  await auth.call(service.disableServiceAccount, bound(disableServiceAccount, auth.app), request, admin);
  await expect(issue(await sign(key, id))).rejects.toMatchObject(INVALID_CLIENT);
  expect(await revoked()).toContain(sid);
  await auth.call(service.enableServiceAccount, bound(enableServiceAccount, auth.app), request, admin);
  expect(await revoked()).not.toContain(decodeJwt((await issue(await sign(key, id))).accessToken).sid);
});

test("success and failure are audited under the account", async () => {
  const key = await makeKey();
  const { id } = await create([key]);
  await issue(await sign(key, id));
  await expect(issue(await sign(key, id, { aud: "x" }))).rejects.toMatchObject(INVALID_CLIENT);
  await setKeys(id, []);
  await setKeys(id, []);
  const rows = await auth.app.db.read<{ line: string }>(
    "SELECT CONCAT(action, ' ', outcome) AS line FROM audit_events WHERE resource = ? ORDER BY occur_time, id",
    [`service-accounts/${id}`],
  );
  expect(rows.map(({ line }) => line).toSorted()).toEqual([
    "client.create SUCCESS",
    "client.issue_token FAILURE",
    "client.issue_token SUCCESS",
    "client.set_keys SUCCESS",
  ]);
});
