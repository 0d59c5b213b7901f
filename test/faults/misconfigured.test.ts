import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ProcessName } from "@medconnect/topology/services.ts";
import { signUp } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type OwnStack, READS, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { clockAhead, restartWith } from "./shifted-clock.ts";

const WITHIN_MS = 60_000;
/** Time-out of each test. On a busy machine, a service needs half a minute to start. */
const TIMEOUT_MS = 300_000;

let stack: OwnStack;
let api: Api;

beforeAll(async () => {
  stack = await startOwnStack();
  api = new Api(stack.urls.gateway);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
}, START_TIMEOUT_MS);

const logOf = (name: ProcessName) => readFileSync(join(stack.logs, `${name}.log`), "utf8");

async function metric(name: ProcessName, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${stack.ports[name].metricsPort}/metrics`)).text();
  return Number(new RegExp(`^${series} (\\S+)`, "m").exec(text)?.[1]);
}

test.each([60, -60])(
  "with the gateway's clock %i s ahead, everything works, and the services tell the difference",
  async (seconds) => {
    const end = await restartWith(stack.processes.gateway, clockAhead(seconds * 1000));
    const { api: own } = (await eventually(
      () => signUp(api, "PATIENT").catch(() => undefined),
      (account) => account !== undefined,
      WITHIN_MS,
    )) as Awaited<ReturnType<typeof signUp>>;
    for (const path of Object.values(READS)) {
      await eventually(
        () => own.send(`GET ${path}`),
        ({ status }) => status === 200,
        WITHIN_MS,
      );
    }
    // The estimate looks back at some tokens, and those of the clock before are among them.
    const told = await eventually(
      async () => {
        await own.send(`GET ${READS.auth}`);
        return await metric("auth", 'clock_difference_seconds{caller="gateway"}');
      },
      (value) => -value * Math.sign(seconds) > 55,
      WITHIN_MS,
    );
    // A token that has expired by auth's clock counts at each use, for as long as the gateway uses it.
    expect(Math.abs(told)).toBeLessThan(95);
    await end();
  },
  TIMEOUT_MS,
);

test(
  "a process with another INTERNAL_KEY does not become ready, and both logs name the cause",
  async () => {
    const { billing } = stack.processes;
    const { INTERNAL_KEY } = billing.env;
    billing.env.INTERNAL_KEY = randomBytes(32).toString("base64");
    await billing.stop();
    const started = billing.start();
    await eventually(
      () => [logOf("auth"), logOf("billing")],
      ([auth, own]) =>
        /"caller":"billing","reason":"key"/.test(auth!) &&
        /an INTERNAL_KEY that \w+ does not have/.test(own!),
      WITHIN_MS,
    );
    expect(await metric("auth", 'service_tokens_refused_total{reason="key"}')).toBeGreaterThan(0);
    const { status } = await fetch(`http://127.0.0.1:${stack.ports.billing.metricsPort}/readyz`);
    expect(status).toBe(503);
    billing.env.INTERNAL_KEY = INTERNAL_KEY;
    await billing.restart();
    await started;
  },
  TIMEOUT_MS,
);
