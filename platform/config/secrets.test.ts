import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { secretSettings, weakSecrets } from "./secrets.ts";

const key = () => randomBytes(32);
const password = () => randomBytes(24).toString("base64url");
const url = (credentials: string) => `mysql://${credentials}@db:3306/medconnect_auth`;
const problems = (values: Record<string, unknown>) =>
  weakSecrets(values).map(({ setting, message }) => `${setting} ${message}`);

test("secrets from the commands are accepted", () => {
  for (let round = 0; round < 200; round++) {
    const values = {
      DATA_KEY: key(),
      INTERNAL_KEY: [key(), key()],
      DATABASE_URL: url(`medconnect_auth:${password()}`),
      REDIS_URL: `redis://:${password()}@redis:6379`,
      AUTH_DB_PASSWORD: password(),
      STRIPE_WEBHOOK_SECRET: `whsec_${password()}`,
      PORT: 50051,
      PAYMENT_PROVIDER: "stub",
    };
    expect(weakSecrets(values)).toEqual([]);
  }
});

describe("a key is refused", () => {
  test.each<[string, Buffer]>([
    ["of zeros", Buffer.alloc(32)],
    ["of one repeated byte", Buffer.alloc(32, 0xa5)],
    ["that counts", Buffer.from(Array.from({ length: 32 }, (_, i) => i + 200))],
    ["that repeats a short pattern", Buffer.from("c0ffee11".repeat(8), "hex")],
    ["that is text", Buffer.from("0123456789abcdef-FEDCBA987654321")],
  ])("%s", (_what, bytes) => {
    expect(problems({ DATA_KEY: bytes })).toEqual([expect.stringMatching(/^DATA_KEY is not random/)]);
    expect(problems({ INTERNAL_KEY: [key(), bytes] })).toEqual([expect.stringMatching(/^INTERNAL_KEY/)]);
  });

  test("that is in two settings, and the message names both", () => {
    const shared = key();
    expect(problems({ INTERNAL_KEY: [key(), shared], DATA_KEY: shared })).toEqual([
      "DATA_KEY must not be the same as INTERNAL_KEY",
    ]);
    expect(problems({ INTERNAL_KEY: [shared, shared] })).toEqual(["INTERNAL_KEY holds one key twice"]);
  });
});

describe("a database account is refused", () => {
  test.each([
    [url("root:Zm9vYmFyYmF6cXV4eHl6enk"), /^DATABASE_URL must name the service's own user/],
    [url("medconnect_auth"), /^DATABASE_URL must have a password/],
    [url("medconnect_auth:"), /^DATABASE_URL must have a password/],
    [url("medconnect_auth:short"), /^DATABASE_URL has a weak password/],
    [url("medconnect_auth:medconnect_auth_12"), /^DATABASE_URL has a weak password/],
    [url("medconnect_auth:changeme-changeme-x"), /^DATABASE_URL has a weak password/],
    [url("medconnect_auth:aaaaaaaaaaaaaaaaaaaaaaaa"), /^DATABASE_URL has a weak password/],
  ])("%s", (DATABASE_URL, problem) => {
    expect(problems({ DATABASE_URL })).toEqual([expect.stringMatching(problem)]);
  });
});

test.each([
  ["redis://redis:6379", /^REDIS_URL must have a password, unless REDIS_WITHOUT_PASSWORD=true is set/],
  ["redis://:@redis:6379", /^REDIS_URL must have a password/],
  ["redis://user@redis:6379", /^REDIS_URL must have a password/],
  ["redis://:password@redis:6379", /^REDIS_URL has a weak password/],
  ["rediss://default:short@redis:6379", /^REDIS_URL has a weak password/],
])("a Redis without a good password is refused: %s", (REDIS_URL, problem) => {
  expect(problems({ REDIS_URL, REDIS_WITHOUT_PASSWORD: false })).toEqual([expect.stringMatching(problem)]);
});

test("REDIS_WITHOUT_PASSWORD allows a missing password, but not a weak one", () => {
  const meant = { REDIS_WITHOUT_PASSWORD: true };
  expect(problems({ REDIS_URL: "redis://redis:6379", ...meant })).toEqual([]);
  expect(problems({ REDIS_URL: "redis://:password@redis", ...meant })).toHaveLength(1);
});

test.each(["STUB_WEBHOOK_SECRET", "STRIPE_API_KEY", "AUTH_DB_PASSWORD"])("a weak %s is refused", (name) => {
  expect(problems({ [name]: "your-secret-goes-here" })).toEqual([expect.stringMatching(`^${name} is weak`)]);
});

test("one password in two settings is refused", () => {
  const shared = password();
  const values = { DATABASE_URL: url(`u:${shared}`), REDIS_URL: `redis://:${shared}@redis` };
  expect(problems(values)).toEqual(["REDIS_URL must not be the same as DATABASE_URL"]);
});

test("no message holds the secret", () => {
  const values = {
    DATA_KEY: Buffer.alloc(32, 0x41),
    DATABASE_URL: url("medconnect_auth:hunter2"),
    STUB_WEBHOOK_SECRET: "hunter2",
  };
  const said = problems(values).join("\n");
  expect(said).toContain("DATABASE_URL");
  for (const secret of ["hunter2", "QUFB", "AAAA"]) expect(said).not.toContain(secret);
});

test("the settings that hold a secret are found by name and by value", () => {
  const values = {
    DATA_KEY: key(),
    INTERNAL_KEY: [key()],
    DATABASE_URL: url("u:p"),
    REDIS_URL: "redis://127.0.0.1:6379",
    ADMIN_PASSWORD: "p",
    TLS_KEY: "-----BEGIN PRIVATE KEY-----",
    TLS_CERT: "-----BEGIN CERTIFICATE-----",
    HOST: "127.0.0.1",
    RATE_LIMIT_AUTH: 30,
  };
  expect(secretSettings(values)).toEqual([
    "DATA_KEY",
    "INTERNAL_KEY",
    "DATABASE_URL",
    "ADMIN_PASSWORD",
    "TLS_KEY",
  ]);
});
