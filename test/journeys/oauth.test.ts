import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { type Account, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { makeServiceAccount, type ServiceAccount } from "../support/service-account.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const SCOPE = "billing.payments.read";
/** The stack has no TLS, which the library requires elsewhere. */
const http = { [oauth.allowInsecureRequests]: true };

let admin: Account;
let system: ServiceAccount;
let server: oauth.AuthorizationServer;

beforeAll(async () => {
  admin = await signUpAdmin(api, stack);
  system = await makeServiceAccount(admin);
  const { issuer } = await api.ok("GET /.well-known/oauth-authorization-server");
  const url = new URL(String(issuer));
  const response = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...http });
  server = await oauth.processDiscoveryResponse(url, response);
}, 120_000);

async function tokenBy(
  authentication: oauth.ClientAuth,
  clientId = system.id,
): Promise<oauth.TokenEndpointResponse> {
  const client = { client_id: clientId };
  const parameters = new URLSearchParams({ scope: SCOPE });
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    authentication,
    parameters,
    http,
  );
  return await oauth.processClientCredentialsResponse(server, client, response);
}

const rejection = async (attempt: Promise<unknown>): Promise<Error & { cause?: Json }> =>
  (await attempt.then(
    () => new Error("no rejection"),
    (error: unknown) => error,
  )) as Error & { cause?: Json };

describe("the library oauth4webapi", () => {
  test("discovers the endpoint, the methods and the scopes", () => {
    expect(server).toMatchObject({
      token_endpoint: `${server.issuer}/v1/auth/token`,
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
      grant_types_supported: ["client_credentials"],
      scopes_supported: expect.arrayContaining([SCOPE]),
    });
  });

  test.each([
    ["a system", async () => (await tokenBy(oauth.ClientSecretPost(system.secret))).access_token],
    ["a user", async () => admin.token],
  ])("a verifier that knows the metadata accepts the token of %s (RFC 9068 §4)", async (_who, tokenOf) => {
    const keys = createRemoteJWKSet(new URL(String(server.jwks_uri)));
    const { payload } = await jwtVerify(await tokenOf(), keys, {
      typ: "at+jwt",
      issuer: server.issuer,
      audience: "medconnect-api",
    });
    expect(payload.exp).toBeGreaterThan(payload.iat ?? Number.POSITIVE_INFINITY);
  });

  test.each([
    ["client_secret_basic", oauth.ClientSecretBasic],
    ["client_secret_post", oauth.ClientSecretPost],
  ])("gets a token by %s, and calls with it", async (_method, authentication) => {
    const token = await tokenBy(authentication(system.secret));
    expect(token).toMatchObject({ token_type: "bearer", expires_in: 300, scope: SCOPE });
    expect((await api.as(token.access_token).send("GET /v1/payments")).status).toBe(200);
  });

  test.each(["ES256", "PS256", "RS256", "Ed25519"])(
    "gets a token by private_key_jwt with %s",
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const kid = randomUUID();
      const made = await admin.api.ok("POST /v1/admin/service-accounts", {
        body: {
          name: `System ${randomUUID()}`,
          scopes: [SCOPE],
          jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: "sig" }] },
        },
      });
      expect(made).not.toHaveProperty("clientSecret");
      const token = await tokenBy(oauth.PrivateKeyJwt({ key: privateKey, kid }), String(made.id));
      expect((await api.as(token.access_token).send("GET /v1/payments")).status).toBe(200);
    },
  );

  test("reads the errors: a challenge where it sent Basic, and elsewhere the error and its description", async () => {
    const challenged = await rejection(tokenBy(oauth.ClientSecretBasic("wrong")));
    expect(challenged).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    expect(challenged.cause).toMatchObject([{ scheme: "basic" }]);
    const refused = await rejection(tokenBy(oauth.ClientSecretPost("wrong")));
    expect(refused).toBeInstanceOf(oauth.ResponseBodyError);
    expect(refused.cause).toMatchObject({ error: "invalid_client", requestId: expect.any(String) });
  });
});

const tokenRequest = async (form: Record<string, string>) => {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...form });
  const response = await fetch(`${stack.urls.gateway}/v1/auth/token`, { method: "POST", body });
  return { status: response.status, text: await response.text() };
};

test.each([
  ["no credentials", {}],
  ["an id alone", { client_id: randomUUID() }],
  ["an id that is none of ours", { client_id: "billing-app", client_secret: "x" }],
])("%s are invalid_client (RFC 6749 §5.2)", async (_, form) => {
  const { status, text } = await tokenRequest(form as Record<string, string>);
  expect([status, JSON.parse(text).error]).toEqual([401, "invalid_client"]);
});

test("a secret in the place of the id is not repeated, and an id in upper case is the same id", async () => {
  const { id, secret } = system;
  const swapped = await tokenRequest({ client_id: secret, client_secret: id });
  expect([swapped.status, swapped.text.includes(secret)]).toEqual([401, false]);
  const upper = await tokenRequest({ client_id: id.toUpperCase(), client_secret: secret });
  expect(upper.status).toBe(200);
});

test("a key set with private members or a symmetric key is refused", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const set = (key: object) =>
    admin.api.send(`POST /v1/admin/service-accounts/${system.id}:setKeys`, {
      body: { jwks: { keys: [key] } },
    });
  const jwk = { ...(await exportJWK(publicKey)), kid: "a" };
  const { d } = await exportJWK(privateKey);
  const withPrivate = await set({ ...jwk, d });
  expect(withPrivate.status).toBe(400);
  expect(withPrivate.body.errors).toMatchObject([{ field: "jwks.keys[0].d" }]);
  expect(withPrivate.text).not.toContain(d);
  const symmetric = await set({ kty: "oct", kid: "a", k: "c2VjcmV0" });
  expect(symmetric.status).toBe(400);
  expect(symmetric.text).not.toContain("c2VjcmV0");
  expect((await set(jwk)).body).toMatchObject({ jwks: { keys: [{ kid: "a" }] } });
  expect(await admin.api.ok(`GET /v1/admin/service-accounts/${system.id}`)).toMatchObject({
    jwks: { keys: [{ kid: "a" }] },
  });
});

test("an assertion works once over HTTP, however many send it at the same time", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: "k" };
  const made = await admin.api.ok("POST /v1/admin/service-accounts", {
    body: { name: `System ${randomUUID()}`, scopes: [SCOPE], jwks: { keys: [key] } },
  });
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const authenticate = oauth.PrivateKeyJwt({ key: privateKey, kid: "k" });
  await authenticate(server, { client_id: String(made.id) }, body, new Headers());
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.send("POST /v1/auth/token", { body })),
  );
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(401)]);
});
