import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import * as z from "zod";
import { key, loadConfig } from "./config.ts";

const secret = randomBytes(32).toString("base64");

test("a setting comes from the environment, or from the file that NAME_FILE names", () => {
  const folder = mkdtempSync(join(tmpdir(), "medconnect-config-"));
  const file = join(folder, "key");
  writeFileSync(file, `${secret}\n`);
  const shape = { DATA_KEY: key, HOST: z.string().default("127.0.0.1") };
  const config = loadConfig(shape, { DATA_KEY_FILE: file, HOST: "0.0.0.0" });
  rmSync(folder, { recursive: true });
  expect(config).toEqual({ DATA_KEY: Buffer.from(secret, "base64"), HOST: "0.0.0.0" });
});

test("secrets leave the environment once they are read, and other settings stay", () => {
  const env = { DATA_KEY: secret, REDIS_URL: "redis://:word@redis", HOST: "0.0.0.0" };
  loadConfig({ DATA_KEY: key, REDIS_URL: z.string(), HOST: z.string() }, env);
  expect(env).toEqual({ HOST: "0.0.0.0" });
});

/**
 * Starts a process that reads the settings that all services have (`serviceSettings`) from `env`. Returns the
 * lines on standard error and the exit status.
 */
function start(env: Record<string, string>) {
  const program = `
    const { loadConfig, serviceSettings } = await import("./config.ts");
    loadConfig(serviceSettings, process.env, 3);`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    env,
    encoding: "utf8",
  });
  return { lines: stderr.trimEnd().split("\n"), status };
}

const VALID = {
  INTERNAL_KEY: secret,
  DATA_KEY: secret,
  AUDIT_KEY: secret,
  DATABASE_URL: "mysql://user:word@db/auth",
};

test("each wrong setting is a line with the allowed values and the wrong one, and the process ends", () => {
  const { INTERNAL_KEY, ...others } = VALID;
  const { lines, status } = start({
    ...others,
    LOG_LEVEL: "loud",
    DATABASE_POOL_SIZE: "-1.5",
    PORT: "70000",
    OTEL_TRACES_SAMPLER_ARG: "half",
    GRPC_REFLECTION: "maybe",
    EVENT_WAIT: "soon",
    JWKS_MAX_AGE: "1ms",
  });
  expect(lines.toSorted()).toEqual([
    'DATABASE_POOL_SIZE must be a whole number of at least 1, not "-1.5"',
    'EVENT_WAIT must be a duration such as "30s" or "15m", not "soon"',
    'GRPC_REFLECTION must be true or false, not "maybe"',
    "INTERNAL_KEY is required: 32 bytes, base64 (openssl rand -base64 32); or name a file that holds it in INTERNAL_KEY_FILE",
    'JWKS_MAX_AGE must be at least 1s, not "1ms"',
    'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud"',
    'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not "half"',
    'PORT must be a whole number from 0 to 65535, not "70000"',
  ]);
  expect(status).toBe(3);
});

test("a wrong secret is told without its value", () => {
  const { lines } = start({ ...VALID, DATA_KEY: "hunter2", INTERNAL_KEY: `hunter2,${secret},hunter2` });
  const problem = "must be 32 bytes in base64, as `openssl rand -base64 32` makes them";
  expect(lines.toSorted()).toEqual([`DATA_KEY ${problem}`, `INTERNAL_KEY ${problem}`]);
});

test.each([
  [
    { NODE_ENV: "production" },
    "SANDBOX_CLOCK must not be set in production: it is for the system that npm start runs",
  ],
  [{ HOST: "0.0.0.0" }, 'SANDBOX_CLOCK needs a loopback HOST such as 127.0.0.1, not "0.0.0.0"'],
])("a sandbox clock is refused with %j", (env, line) => {
  const { lines, status } = start({ ...VALID, SANDBOX_CLOCK: "/tmp/sandbox-clock", ...env });
  expect(status).toBe(3);
  expect(lines).toContain(line);
});

test("a sandbox clock is accepted on a local system", () => {
  expect(start({ ...VALID, SANDBOX_CLOCK: "/tmp/sandbox-clock" })).toEqual({ lines: [""], status: 0 });
});
