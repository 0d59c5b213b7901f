import { afterEach, expect, jest, test } from "@jest/globals";
import { Authority } from "@medconnect/ops/certificates/authority.ts";
import { type ProcessConfig, processSettings } from "../config/config.ts";
import type { Logger } from "../telemetry/log.ts";
import { startTls } from "./start-tls.ts";

afterEach(() => {
  jest.restoreAllMocks();
});

/** Warnings that a process logs at its start with this NODE_ENV. */
async function warningsOf(NODE_ENV: string, identity: Partial<ProcessConfig>): Promise<unknown[]> {
  jest.replaceProperty(process, "env", { NODE_ENV });
  const warn = jest.fn();
  const TLS_RELOAD_EVERY = processSettings.TLS_RELOAD_EVERY.parse(undefined);
  const running = startTls({ ...identity, TLS_RELOAD_EVERY } as ProcessConfig, { warn } as unknown as Logger);
  await running.stop();
  return warn.mock.calls.flat();
}

test("a process without TLS logs one warning in production, and none elsewhere", async () => {
  const notAfter = new Date(Date.now() + 3_600_000);
  const ca = await Authority.create("CA", notAfter);
  const { cert, key } = await ca.issue({ name: "auth", altNames: ["auth"], usage: "server", notAfter });
  expect(await warningsOf("production", {})).toEqual([expect.stringContaining("gRPC is plaintext")]);
  expect(await warningsOf("production", { TLS_CERT: cert, TLS_KEY: key, TLS_CA: ca.pair.cert })).toEqual([]);
  expect(await warningsOf("development", {})).toEqual([]);
});
