import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, mfaTokenOf, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { Grpc, type ServiceName } from "../support/grpc.ts";
import { decoded, ed25519, jwt, type SigningKey, sharedSigningKey } from "../support/jwt.ts";
import { secure } from "../support/mfa.ts";
import { sharedInternalKey, sharedStack } from "../support/stack.ts";

/** For each service, a call that a patient may make, over HTTP and over gRPC. */
const CALLS = {
  auth: { route: "GET /v1/users/me", rpc: "auth.v1.UserService/GetMe" },
  scheduling: { route: "GET /v1/bookings", rpc: "scheduling.v1.BookingService/ListBookings" },
  clinical: { route: "GET /v1/consultations", rpc: "clinical.v1.ConsultationService/ListConsultations" },
  billing: { route: "GET /v1/payments", rpc: "billing.v1.PaymentService/ListPayments" },
} as const;
const SERVICES = Object.keys(CALLS) as ServiceName[];

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const clients = Object.fromEntries(SERVICES.map((name) => [name, new Grpc(stack.addresses[name])])) as Record<
  ServiceName,
  Grpc
>;

/** Real credentials from which the attacks are made: a patient's token, and auth's signing key. */
let patient: Account;
let key: SigningKey;
let header: Json;
let claims: Json;
let mfaToken: string;
/** The attacker's key pair. The attacker also runs a server, which counts the requests that it gets. */
const attacker = generateKeyPairSync("ed25519");
const attackerJwk = { ...attacker.publicKey.export({ format: "jwk" }), kid: "attacker" };
let attackerServer: Server;
let fetched = 0;

beforeAll(async () => {
  attackerServer = createServer((_, response) => {
    fetched++;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [attackerJwk] }));
  });
  await new Promise<void>((resolve) => attackerServer.listen(0, "127.0.0.1", resolve));
  [patient, key] = await Promise.all([signUp(api, "PATIENT"), sharedSigningKey()]);
  ({ header, claims } = decoded(patient.token));
  const other = await signUp(api, "PATIENT");
  await secure(other);
  const { email } = other;
  mfaToken = await mfaTokenOf(api, { email });
});
afterAll(() => {
  attackerServer.close();
  for (const client of Object.values(clients)) client.close();
});

const nowS = () => Math.floor(Date.now() / 1000);
const attackerUrl = () => `http://127.0.0.1:${(attackerServer.address() as AddressInfo).port}/jwks.json`;
/** Makes a token with auth's real signature. So only the given header fields or claims are wrong. */
const genuine = (more: { header?: Json; claims?: Json }) =>
  jwt({ ...header, ...more.header }, { ...claims, ...more.claims }, ed25519(key.privateKey));
/** A token that is signed with the attacker's key. */
const forged = (more: Json) => jwt({ ...header, ...more }, claims, ed25519(attacker.privateKey));
const without = (name: string) => ({ [name]: undefined });
const parts = () => patient.token.split(".") as [string, string, string];
const hmac = (secret: string | Buffer) =>
  jwt({ ...header, alg: "HS256" }, claims, (input) => createHmac("sha256", secret).update(input).digest());
const publicKey = (): KeyObject => createPublicKey(key.privateKey);
const none = (alg: string, signature: string) => {
  const [, , real] = parts();
  return `${jwt({ ...header, alg }, claims, () => Buffer.alloc(0))}${signature === "real" ? real : ""}`;
};
const serviceToken = (to: ServiceName, type = "svc+jwt") =>
  jwt({ alg: "HS256", typ: type }, { iss: "scheduling", aud: to, iat: nowS(), exp: nowS() + 60 }, (input) =>
    createHmac("sha256", sharedInternalKey()).update(input).digest(),
  );

const attacks: Record<string, () => string> = {
  // Attacks on the algorithm (RFC 8725 §2.1).
  ...Object.fromEntries(["none", "None", "NONE", "nOnE"].map((alg) => [`alg ${alg}`, () => none(alg, "")])),
  "alg none with a signature": () => none("none", "real"),
  "alg that does not exist": () => genuine({ header: { alg: "EdDSA2" } }),
  "no alg": () => genuine({ header: without("alg") }),
  "alg as a list": () => genuine({ header: { alg: ["EdDSA"] } }),
  "HMAC with the public key as PEM": () => hmac(publicKey().export({ format: "pem", type: "spki" })),
  "HMAC with the public key as DER": () => hmac(publicKey().export({ format: "der", type: "spki" })),
  "HMAC with the public key's bytes": () =>
    hmac(Buffer.from(publicKey().export({ format: "jwk" }).x!, "base64url")),
  "HMAC with the public key as JWK": () => hmac(JSON.stringify(publicKey().export({ format: "jwk" }))),
  "HMAC with no key": () => hmac(""),

  // Attacks on the key (RFC 8725 §2.2, §3.10).
  "another key under our key id": () => forged({}),
  "an embedded jwk": () => forged({ kid: undefined, jwk: attackerJwk }),
  "an embedded jwk under our key id": () => forged({ jwk: attackerJwk }),
  "a jku": () => forged({ kid: "attacker", jku: attackerUrl() }),
  "a jku under our key id": () => forged({ jku: attackerUrl() }),
  "an x5u": () => forged({ kid: "attacker", x5u: attackerUrl() }),
  "an x5c": () => forged({ x5c: [randomBytes(200).toString("base64")] }),
  "an unknown key id": () => genuine({ header: { kid: "unknown" } }),
  "a key id that is a path": () => genuine({ header: { kid: "../../../../dev/null" } }),
  "a key id that is SQL": () => genuine({ header: { kid: "' UNION SELECT 'x' -- " } }),
  "a key id of another type": () => genuine({ header: { kid: 1 } }),
  "no key id": () => genuine({ header: without("kid") }),

  // Tokens of another type (RFC 8725 §3.11).
  "no typ": () => genuine({ header: without("typ") }),
  "typ JWT": () => genuine({ header: { typ: "JWT" } }),
  "typ of a service's token": () => genuine({ header: { typ: "svc+jwt" } }),
  "typ of an MFA token": () => genuine({ header: { typ: "mfa+jwt" } }),
  "another audience": () => genuine({ claims: { aud: "another-api" } }),
  "an audience of another type": () => genuine({ claims: { aud: 7 } }),
  "another issuer": () => genuine({ claims: { iss: "https://evil.example" } }),
  "an issuer in a list": () => genuine({ claims: { iss: [claims.iss] } }),

  // Tokens outside their lifetime (RFC 7519 §4.1).
  expired: () => genuine({ claims: { exp: nowS() - 1 } }),
  "not valid yet": () => genuine({ claims: { nbf: nowS() + 3600 } }),
  "issued in the future": () => genuine({ claims: { iat: nowS() + 3600 } }),
  "exp as text": () => genuine({ claims: { exp: String(nowS() + 300) } }),
  "iat as text": () => genuine({ claims: { iat: "now" } }),
  "nbf as text": () => genuine({ claims: { nbf: "0" } }),

  // Wrong or missing issuer, audience, subject and other claims (RFC 9068 §2.2).
  ...Object.fromEntries(
    ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "role", "auth_time"].map((name) => [
      `no ${name}`,
      () => genuine({ claims: without(name) }),
    ]),
  ),
  "sub as a number": () => genuine({ claims: { sub: 1 } }),
  "sub as an object": () => genuine({ claims: { sub: { id: claims.sub } } }),
  "sub that is no id": () => genuine({ claims: { sub: "admin" } }),
  "sid as a list": () => genuine({ claims: { sid: [claims.sid] } }),
  "jti as a number": () => genuine({ claims: { jti: 1 } }),
  "an unknown role": () => genuine({ claims: { role: "ROOT" } }),
  "roles in a list": () => genuine({ claims: { role: ["PATIENT", "ADMIN"] } }),
  "auth_time as text": () => genuine({ claims: { auth_time: "now" } }),
  "a user with scopes": () => genuine({ claims: { scope: "admin.stats.read" } }),

  // Changed or malformed tokens (RFC 7515).
  "another role under the old signature": () => {
    const [head, , signature] = parts();
    return `${head}.${Buffer.from(JSON.stringify({ ...claims, role: "ADMIN" })).toString("base64url")}.${signature}`;
  },
  "a signature cut short": () => patient.token.slice(0, -10),
  "a signature with a bit flipped": () => {
    const [head, body, signature] = parts();
    const bytes = Buffer.from(signature, "base64url");
    bytes[20]! ^= 1;
    return `${head}.${body}.${bytes.toString("base64url")}`;
  },
  "no signature": () => parts().slice(0, 2).join("."),
  "an empty signature": () => `${parts().slice(0, 2).join(".")}.`,
  "five parts": () => `${patient.token}.${patient.token.split(".").slice(0, 2).join(".")}`,
  "parts that are not base64url": () => "a.b.c",
  dots: () => "..",
  "a header that is not JSON": () => jwt("{alg:EdDSA}", claims, ed25519(key.privateKey)),
  "a header that is a list": () => jwt([header], claims, ed25519(key.privateKey)),
  "claims that are not JSON": () => jwt(header, "sub=admin", ed25519(key.privateKey)),
  "claims that are a list": () => jwt(header, [claims], ed25519(key.privateKey)),
  "claims that are null": () => jwt(header, null, ed25519(key.privateKey)),
  "two algs in a header": () =>
    jwt(
      `{"alg":"EdDSA","typ":"at+jwt","kid":"${key.kid}","alg":"none"}`,
      claims,
      ed25519(attacker.privateKey),
    ),
  "a critical extension": () => genuine({ header: { crit: ["exp"], exp: 1 } }),
  "a critical extension that is absent": () => genuine({ header: { crit: ["https://example.org/x"] } }),
  "an empty list of critical extensions": () => genuine({ header: { crit: [] } }),
  "an unencoded payload (RFC 7797)": () => genuine({ header: { b64: false, crit: ["b64"] } }),
  "more than a token may hold": () => genuine({ claims: { padding: "x".repeat(9000) } }),

  // Real tokens that were issued for other purposes.
  "an MFA token": () => mfaToken,
  "a refresh token": () => patient.refreshToken,
  ...Object.fromEntries(
    SERVICES.flatMap((to) => [
      [`a service's token for ${to}`, () => serviceToken(to)],
      [`a service's token for ${to} that claims to be a user's`, () => serviceToken(to, "at+jwt")],
    ]),
  ),
};

describe("every service accepts", () => {
  test.each(SERVICES)("%s: the token from which the attacks are made", async (name) => {
    const { route, rpc } = CALLS[name];
    for (const token of [patient.token, genuine({})]) {
      expect((await api.as(token).send(route)).status).toBe(200);
      expect((await clients[name].call(rpc, {}, { token })).name).toBe("OK");
    }
  });
});

describe("every service refuses, over HTTP and gRPC:", () => {
  test.each(Object.entries(attacks))("%s", async (_name, attack) => {
    const token = attack();
    for (const name of SERVICES) {
      const { route, rpc } = CALLS[name];
      const answer = await api.as(token).send(route);
      expect(refusal(answer)).toEqual({ status: 401, reason: "UNAUTHENTICATED" });
      expect(answer.headers.get("www-authenticate")).toMatch(
        /^Bearer error="invalid_token", error_description="[ !#-[\]-~]+"$/,
      );
      const { name: code, reason } = await clients[name].call(rpc, {}, { token });
      expect({ code, reason }).toEqual({ code: "UNAUTHENTICATED", reason: "UNAUTHENTICATED" });
    }
  });

  test("no URL in a token was fetched", () => {
    expect(fetched).toBe(0);
  });
});

describe("the gateway refuses", () => {
  test.each(Object.keys(attacks).slice(0, 8))("a bad token even for public routes: %s", async (name) => {
    const answer = await api.as(attacks[name]!()).send("GET /v1/doctors");
    expect(refusal(answer)).toEqual({ status: 401, reason: "UNAUTHENTICATED" });
  });

  test.each<[string, () => string]>([
    ["Basic credentials", () => `Basic ${Buffer.from("user:password").toString("base64")}`],
    ["a bare token", () => patient.token],
    ["no token after Bearer", () => "Bearer "],
    ["two tokens", () => `Bearer ${patient.token} ${patient.token}`],
  ])("an Authorization with %s", async (_what, authorization) => {
    expect(await statusWith(authorization())).toBe(401);
  });

  test.each(["x.y.z", "right"])(
    "two headers, of which the first is %s and the second right",
    async (first) => {
      const right = `Bearer ${patient.token}`;
      expect(await statusWith([first === "right" ? right : `Bearer ${first}`, right])).toBe(400);
    },
  );

  test("a token in the query, in the body or in a cookie", async () => {
    expect((await api.send(`GET /v1/users/me?access_token=${patient.token}`)).status).toBe(401);
    const body = { accessToken: patient.token };
    expect((await api.send("POST /v1/auth/logout", { body })).status).toBe(401);
    const cookie = `accessToken=${patient.token}`;
    expect((await api.send("GET /v1/users/me", { headers: { cookie } })).status).toBe(401);
  });

  test("headers beyond 16 KiB (431), and continues to serve", async () => {
    expect(await statusWith(`Bearer ${"x".repeat(20_000)}`)).toBe(431);
    expect((await patient.api.send("GET /v1/users/me")).status).toBe(200);
  });
});

describe("RPCs between services refuse", () => {
  test.each<[string, () => string]>([
    ["a user's token", () => patient.token],
    ["a user's token that claims to be a service's", () => genuine({ header: { typ: "svc+jwt" } })],
    [
      "a service's token under the public key",
      () =>
        jwt({ alg: "HS256", typ: "svc+jwt" }, { iss: "auth", aud: "auth", exp: nowS() + 60 }, (input) =>
          createHmac("sha256", publicKey().export({ format: "pem", type: "spki" }))
            .update(input)
            .digest(),
        ),
    ],
    ["an MFA token", () => mfaToken],
  ])("%s", async (_what, token) => {
    const replies = [
      await clients.auth.call("auth.v1.KeyService/ListRevocations", {}, { token: token() }),
      ...(await Promise.all(
        SERVICES.map((name) =>
          clients[name].call("events.v1.EventService/DeliverEvents", {}, { token: token() }),
        ),
      )),
    ];
    expect(replies.map(({ name }) => name)).toEqual(replies.map(() => "UNAUTHENTICATED"));
  });
});

/**
 * Status of the response to a request with exactly these Authorization headers, which `fetch` cannot send.
 */
function statusWith(authorization: string | string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    // node:http accepts a flat list of names and values. In such a list, a header may occur more than once.
    const headers = [authorization].flat().flatMap((value) => ["authorization", value]);
    request(
      `${stack.urls.gateway}/v1/users/me`,
      { headers: ["host", "localhost", ...headers] },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on("error", reject)
      .end();
  });
}
