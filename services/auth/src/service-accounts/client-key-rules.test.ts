import { expect, test } from "@jest/globals";
import { ClientKey } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { algorithmsOf, violationsOfKeys } from "./client-key-rules.ts";

const EC = { kty: "EC", kid: "a", crv: "P-256", x: "x", y: "y" };
const OKP = { kty: "OKP", kid: "b", crv: "Ed25519", x: "x" };
const RSA = { kty: "RSA", kid: "c", n: "n", e: "AQAB" };

const violations = (...keys: Partial<ClientKey>[]) =>
  violationsOfKeys(
    keys.map((key) => ClientKey.fromPartial(key)),
    "jwks.keys",
  ).map(({ field, description }) => `${field}: ${description}`);

test.each([
  EC,
  OKP,
  RSA,
  { ...EC, alg: "ES256" },
  { ...OKP, alg: "Ed25519" },
  { ...OKP, alg: "EdDSA" },
  { ...RSA, alg: "PS256" },
])("%j is sound", (key) => {
  expect(violations(key)).toEqual([]);
});

test.each([
  [{ ...EC, y: undefined }, ["jwks.keys[0].y: must be given for the type EC"]],
  [{ ...OKP, y: "y" }, ["jwks.keys[0].y: must not be given for the type OKP"]],
  [
    { ...RSA, e: undefined, x: "x" },
    ["jwks.keys[0].x: must not be given for the type RSA", "jwks.keys[0].e: must be given for the type RSA"],
  ],
  [{ ...EC, crv: "Ed25519" }, ["jwks.keys[0].crv: must be P-256 for the type EC"]],
  [{ ...RSA, alg: "ES256" }, ["jwks.keys[0].alg: must be one of PS256, RS256 for the type RSA"]],
])("%j is refused", (key, expected) => {
  expect(violations(key)).toEqual(expected);
});

test("two keys must not have one id", () => {
  expect(violations(EC, OKP, { ...RSA, kid: "a" })).toEqual([
    "jwks.keys[2].kid: must differ from those of the other keys",
  ]);
});

test.each([
  [{ kty: "EC" }, ["ES256"]],
  [{ kty: "RSA" }, ["PS256", "RS256"]],
  [{ kty: "RSA", alg: "PS256" }, ["PS256"]],
  [{ kty: "OKP", alg: "EdDSA" }, ["EdDSA", "Ed25519"]],
  [{ kty: "oct", alg: "HS256" }, []],
])("%j signs with %j", (key, algorithms) => {
  expect(algorithmsOf(key)).toEqual(algorithms);
});
