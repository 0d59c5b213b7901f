import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";

const ROOT = join(import.meta.dirname, "../..");
const zeros = Buffer.alloc(32).toString("base64");
const random = () => randomBytes(32).toString("base64");

/** Weak values, as in a trial. In production, the processes must refuse them. */
const DEMO = {
  INTERNAL_KEY: zeros,
  DATA_KEY: Buffer.from("an encryption key of 32 letters.").toString("base64"),
  AUDIT_KEY: Buffer.from("a key for audits, of 32 letters.").toString("base64"),
  DATABASE_URL: "mysql://root:hunter2-hunter2@127.0.0.1:1/medconnect",
  REDIS_URL: "redis://127.0.0.1:1",
  MAIL_URL: "smtp://127.0.0.1:1",
};

/** Starts a process in production mode. It must end before it connects to anything. */
function start(name: ProcessName, env: NodeJS.ProcessEnv) {
  const main = name === "gateway" ? "gateway/main.ts" : `services/${name}/src/main.ts`;
  const options = {
    cwd: ROOT,
    env: { ...COMPILE_CACHE, NODE_ENV: "production", PORT: "0", ...env },
    timeout: 100_000,
  };
  return new Promise<{ code: unknown; said: string[] }>((resolve) => {
    execFile(process.execPath, [main], options, (error, _stdout, stderr) =>
      resolve({ code: error?.code, said: stderr.trimEnd().split("\n") }),
    );
  });
}

test.each(PROCESSES)(
  "%s does not start with the secrets of a demo; it names each, and shows none",
  async (name) => {
    const { code, said } = await start(name, DEMO);
    const own = name === "gateway" ? [] : ["AUDIT_KEY", "DATA_KEY", "DATABASE_URL"];
    const settings = ["INTERNAL_KEY", "REDIS_URL", ...own];
    expect(code).toBe(1);
    expect(
      said.map((line) => /^(\w+) .*(not random|own user|must have a password)/.exec(line)?.[1]).toSorted(),
    ).toEqual(settings.toSorted());
    for (const value of ["hunter2", zeros, DEMO.DATA_KEY, "an encryption key", DEMO.AUDIT_KEY]) {
      expect(said.join("\n")).not.toContain(value);
    }
  },
);

test("a service does not start with the deployment's key as its own", async () => {
  const INTERNAL_KEY = random();
  const DATABASE_URL = `mysql://medconnect_billing:${randomBytes(24).toString("base64url")}@127.0.0.1:1/b`;
  const { code, said } = await start("billing", {
    ...DEMO,
    DATABASE_URL,
    INTERNAL_KEY,
    DATA_KEY: INTERNAL_KEY,
    AUDIT_KEY: random(),
    REDIS_WITHOUT_PASSWORD: "true",
  });
  expect({ code, said }).toEqual({
    code: 1,
    said: ["DATA_KEY must not be the same as INTERNAL_KEY"],
  });
});

test("a missing secret is reported", async () => {
  const { code, said } = await start("clinical", {});
  expect(code).toBe(1);
  expect(said.map((line) => line.split(" ")[0]).toSorted()).toEqual([
    "AUDIT_KEY",
    "DATABASE_URL",
    "DATA_KEY",
    "INTERNAL_KEY",
  ]);
});

test.each(PROCESSES)("%s does not start without the URL of the API", async (name) => {
  const password = () => randomBytes(24).toString("base64url");
  const { code, said } = await start(name, {
    INTERNAL_KEY: random(),
    DATA_KEY: random(),
    AUDIT_KEY: random(),
    DATABASE_URL: `mysql://medconnect_${name}:${password()}@127.0.0.1:1/a`,
    REDIS_URL: `redis://:${password()}@127.0.0.1:1`,
    MAIL_URL: "smtp://127.0.0.1:1",
    MAIL_FROM: "no-reply@example.org",
    PUBLIC_URL: "https://app.example.org",
  });
  expect({ code, said }).toEqual({
    code: 1,
    said: [`${name} cannot start: API_URL is required in production`],
  });
});

describe("auth in production", () => {
  const password = () => randomBytes(24).toString("base64url");
  const shared = password();
  const READY = {
    INTERNAL_KEY: random(),
    DATA_KEY: random(),
    AUDIT_KEY: random(),
    DATABASE_URL: `mysql://medconnect_auth:${shared}@127.0.0.1:1/a`,
    REDIS_URL: `redis://:${password()}@127.0.0.1:1`,
    MAIL_URL: `smtps://medconnect:${password()}@127.0.0.1:1`,
    MAIL_FROM: "no-reply@example.org",
    PUBLIC_URL: "https://app.example.org",
    API_URL: "https://api.example.org",
  };

  test.each([
    [
      "mails that nobody receives",
      { MAIL_URL: "file:///var/mail" },
      "auth cannot start: MAIL_URL names a folder",
    ],
    [
      "a Redis with a weak password",
      { REDIS_URL: "redis://:password-password@127.0.0.1:1" },
      "REDIS_URL has a weak password",
    ],
    ["no mail server", { MAIL_URL: "" }, "MAIL_URL must be smtp"],
    [
      "one password for mail and database",
      { MAIL_URL: `smtps://medconnect:${shared}@127.0.0.1:1` },
      "MAIL_URL must not be the same as DATABASE_URL",
    ],
    ["no sender", { MAIL_FROM: "" }, "auth cannot start: MAIL_FROM is required in production"],
    [
      "links to an API without TLS",
      { PUBLIC_URL: "", API_URL: "http://api.example.org" },
      "auth cannot start: API_URL must begin with https",
    ],
    [
      "links without TLS",
      { PUBLIC_URL: "http://app.example.org" },
      "auth cannot start: PUBLIC_URL must begin with https",
    ],
  ])("does not start on %s", async (_, env, word) => {
    const { code, said } = await start("auth", { ...READY, ...env });
    expect({ code, said }).toEqual({ code: 1, said: [expect.stringContaining(word)] });
    expect(said.join()).not.toContain(shared);
  });
});
