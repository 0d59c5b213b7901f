import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { MedConnect } from "./gen/medconnect.ts";
import { type ServiceAccountOptions, serviceAccount } from "./service-account.ts";
import { type ApiServer, sendJson, startApiServer } from "./testing/api-server.ts";

const CLIENT_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.received.length = 0;
  server.answer = ({ call }, response) =>
    sendJson(response, 200, call === "POST /v1/auth/token" ? { access_token: "s1", expires_in: 300 } : {});
});

const jwkOf = (key: KeyObject) => key.export({ format: "jwk" });
const p256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const ed25519 = () => generateKeyPairSync("ed25519").privateKey;

/** Gets a token. @returns the parameters of the request */
async function requested(credentials: ServiceAccountOptions): Promise<Record<string, string>> {
  const system = new MedConnect({ baseUrl: server.url, credentials: serviceAccount(credentials) });
  await system.getStats();
  expect(server.received.at(-1)).toMatchObject({ headers: { authorization: "Bearer s1" } });
  return Object.fromEntries(new URLSearchParams(server.received.at(-2)!.body));
}

function decoded(assertion = "") {
  const [header, claims] = assertion
    .split(".", 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  return { header, claims };
}

test.each([
  ["ES256", p256, "sha256"],
  ["EdDSA", ed25519, null],
])("an account signs assertions with %s", async (alg, makeKey, hash) => {
  const key = makeKey();
  const privateKey = { ...jwkOf(key), kid: "k1", alg, key_ops: ["verify"] };
  const { client_assertion: assertion = "", ...others } = await requested({
    clientId: CLIENT_ID,
    privateKey,
    scopes: ["a", "b"],
  });
  expect(others).toEqual({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    scope: "a b",
  });
  const { header, claims } = decoded(assertion);
  expect(header).toEqual({ alg, kid: "k1" });
  expect(claims).toEqual({
    iss: CLIENT_ID,
    sub: CLIENT_ID,
    aud: `${server.url}/v1/auth/token`,
    jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    iat: expect.any(Number),
    exp: claims.iat + 60,
  });
  expect(Math.abs(Date.now() / 1000 - claims.iat)).toBeLessThan(10);
  const [signed, signature] = [assertion.replace(/\.[^.]*$/, ""), assertion.replace(/^.*\./, "")];
  const publicKey = { key: createPublicKey(key), dsaEncoding: "ieee-p1363" } as const;
  expect(verify(hash, Buffer.from(signed), publicKey, Buffer.from(signature, "base64url"))).toBe(true);
});

test("each token needs a new assertion, which may be for another address of the API", async () => {
  const options = { clientId: CLIENT_ID, privateKey: jwkOf(ed25519()), audience: "https://api.example.org" };
  const [one, other] = [await requested(options), await requested(options)];
  const [first, second] = [decoded(one.client_assertion), decoded(other.client_assertion)];
  expect(first.header).toEqual({ alg: "EdDSA" });
  expect(first.claims.aud).toBe("https://api.example.org");
  expect(first.claims.jti).not.toBe(second.claims.jti);
});

test.each([
  ["a public key", { ...jwkOf(p256()), d: undefined }],
  ["RSA", jwkOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)],
  ["another curve", jwkOf(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey)],
])("%s is refused", (_title, privateKey) => {
  expect(() => serviceAccount({ clientId: CLIENT_ID, privateKey })).toThrow(
    new TypeError("privateKey must be a private JWK of P-256 or Ed25519."),
  );
});
