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

test("all invalid settings are reported, one per line, and the process exits with the given code", () => {
  const program = `
    const { loadConfig, key, duration } = await import("./config.ts");
    loadConfig({ DATA_KEY: key, EVENT_WAIT: duration("1s") }, process.env, 3);`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    env: { DATA_KEY: "hunter2", EVENT_WAIT: "soon" },
    encoding: "utf8",
  });
  expect(stderr.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^Setting DATA_KEY: must be 32 bytes/),
    expect.stringMatching(/^Setting EVENT_WAIT: must be a duration/),
  ]);
  expect(status).toBe(3);
  expect(stderr).not.toContain("hunter2");
});
