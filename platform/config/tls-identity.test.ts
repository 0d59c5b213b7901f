import { beforeAll, expect, test } from "@jest/globals";
import { Authority, type Pair, type Subject } from "@medconnect/ops/certificates/authority.ts";
import { tlsProblem } from "./tls-identity.ts";

const NOW = new Date();
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
const auth: Subject = { name: "auth", altNames: ["auth"], usage: "server", notAfter: inDays(1) };

let ca: Authority;
let otherCa: Authority;
let pair: Pair;
let other: Pair;

beforeAll(async () => {
  ca = await Authority.create("CA", inDays(30));
  otherCa = await Authority.create("CA", inDays(30));
  [pair, other] = [await ca.issue(auth), await ca.issue(auth)];
});

const settings = () => ({ TLS_CERT: pair.cert, TLS_KEY: pair.key, TLS_CA: ca.pair.cert });

test("none of the three settings, or all of them, is no problem", () => {
  expect(tlsProblem({}, NOW)).toBeUndefined();
  expect(tlsProblem(settings(), NOW)).toBeUndefined();
});

test("certificates of both CAs are valid while one replaces the other", async () => {
  const both = `${otherCa.pair.cert}${ca.pair.cert}`;
  expect(tlsProblem({ ...settings(), TLS_CA: both }, NOW)).toBeUndefined();
});

test.each<[string, () => Partial<ReturnType<typeof settings>>, string, RegExp]>([
  ["only the key is missing", () => ({ TLS_KEY: "" }), "TLS_KEY", /go together/],
  ["the certificate is no PEM", () => ({ TLS_CERT: "yes" }), "TLS_CERT", /certificate in PEM/],
  ["the certificate is broken", () => ({ TLS_CERT: broken(pair.cert) }), "TLS_CERT", /certificate in PEM/],
  ["the key is no key", () => ({ TLS_KEY: pair.cert }), "TLS_KEY", /private key in PEM/],
  ["the CA is no certificate", () => ({ TLS_CA: pair.key }), "TLS_CA", /certificates in PEM/],
  [
    "the key belongs to another certificate",
    () => ({ TLS_KEY: other.key }),
    "TLS_KEY",
    /not the key of TLS_CERT/,
  ],
  ["the CA is another one of the same name", () => ({ TLS_CA: otherCa.pair.cert }), "TLS_CERT", /not issued/],
])("it is a problem if %s", (_what, change, setting, message) => {
  const problem = tlsProblem({ ...settings(), ...change() }, NOW);
  expect(problem).toEqual({ setting, message: expect.stringMatching(message) });
});

test("the problem of an expired certificate names the date", () => {
  const problem = tlsProblem(settings(), inDays(2));
  expect(problem?.message).toContain(`expired on ${inDays(1).toISOString().slice(0, 10)}`);
});

const broken = (pem: string): string => pem.replace(/\n(.{20})/, "\nAAAAAAAAAAAAAAAAAAAA");
