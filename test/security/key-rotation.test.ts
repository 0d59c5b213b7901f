import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Secrets } from "@medconnect/ops/settings/running-stack.ts";
import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import { Redis } from "ioredis";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type ServiceName } from "../support/grpc.ts";
import { decoded } from "../support/jwt.ts";
import { type OwnStack, READS, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";

/**
 * Short intervals, so that several rotations happen during the test. Auth publishes each key a few seconds
 * before it uses the key.
 */
const SETTINGS = { KEY_ROTATION_EVERY: "4s", JWKS_MAX_AGE: "1s" };
const ROTATIONS = 4;
const REVOKED_WITHIN_MS = 5000;
const PAUSE_MS = 100;
const MEDDLE_PAUSE_MS = 2;
const TIMEOUT_MS = 300_000;
const ROOT = join(import.meta.dirname, "../..");
const RPCS: [ServiceName, string][] = [
  ["auth", "auth.v1.UserService/GetMe"],
  ["scheduling", "scheduling.v1.BookingService/ListBookings"],
  ["clinical", "clinical.v1.ConsultationService/ListConsultations"],
  ["billing", "billing.v1.PaymentService/ListPayments"],
];

let stack: OwnStack;
let api: Api;
let patient: Account;
let clients: Record<string, Grpc>;

beforeAll(async () => {
  stack = await startOwnStack(SETTINGS);
  api = new Api(stack.urls.gateway);
  clients = Object.fromEntries(RPCS.map(([name]) => [name, new Grpc(stack.addresses[name])]));
  patient = await signUp(api, "PATIENT");
}, START_TIMEOUT_MS);
afterAll(async () => {
  for (const client of Object.values(clients ?? {})) client.close();
  await stack?.stop();
});

const kidOf = (token: string): string => String(decoded(token).header.kid);
const refresh = (refreshToken: string) => api.ok("POST /v1/auth/token:refresh", { body: { refreshToken } });
const published = async (): Promise<string[]> =>
  ((await api.ok("GET /.well-known/jwks.json")).keys as Json[]).map(({ kid }) => String(kid));

/** Calls each service with a token, through the gateway and directly over gRPC. @returns the outcomes */
async function answersTo(token: string): Promise<string[]> {
  const own = api.as(token);
  const answers = await Promise.all([
    ...Object.values(READS).map(async (path) => `${(await own.send(`GET ${path}`)).status}`),
    ...RPCS.map(async ([name, rpc]) => (await clients[name]!.call(rpc, {}, { token })).name),
  ]);
  return answers;
}
const ALL_OK = ["200", "200", "200", "200", "OK", "OK", "OK", "OK"];
const ALL_REFUSED = ["401", "401", "401", "401", ...RPCS.map(() => "UNAUTHENTICATED")];

/** Runs `npm run keys` with the login of auth's database user. */
async function keys(...args: string[]): Promise<string> {
  const database = new URL(stack.urls.mysql);
  database.pathname = `${stack.schemaPrefix}auth`;
  const secrets: Secrets = JSON.parse(readFileSync(join(dirname(stack.file), "secrets.json"), "utf8"));
  const env = { ...process.env, DATABASE_URL: database.href, DATA_KEY: secrets.dataKeys.auth };
  const { stdout } = await promisify(execFile)(process.execPath, ["ops/keys.ts", ...args], {
    cwd: ROOT,
    env,
  });
  return stdout.trim();
}

test(
  "keys rotate under load without a failed request, for new and old tokens",
  async () => {
    const failures: string[] = [];
    const oldest = patient.token;
    let newest = oldest;
    let { refreshToken } = patient;
    let requests = 0;
    const signers = new Set([kidOf(oldest)]);
    while (signers.size <= ROTATIONS) {
      // In each turn, tests a token that was just issued, and the oldest token.
      const tokens = await refresh(refreshToken);
      newest = String(tokens.accessToken);
      refreshToken = String(tokens.refreshToken);
      signers.add(kidOf(newest));
      for (const token of [newest, oldest]) {
        const answers = await answersTo(token);
        requests += answers.length;
        if (answers.join() !== ALL_OK.join()) failures.push(`${kidOf(token)}: ${answers}`);
      }
      await delay(PAUSE_MS);
    }
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(await published()).toEqual(expect.arrayContaining([kidOf(oldest), kidOf(newest)]));
    [patient.token, patient.refreshToken] = [newest, refreshToken];
  },
  TIMEOUT_MS,
);

test(
  "a command revokes a stolen key: its tokens are refused everywhere within 5 s, and refreshed ones are valid",
  async () => {
    const tokens = await refresh(patient.refreshToken);
    const [token, refreshToken] = [String(tokens.accessToken), String(tokens.refreshToken)];
    const kid = kidOf(token);
    expect(await keys("list")).toContain(kid);
    expect(await answersTo(token)).toEqual(ALL_OK);
    expect(await keys("revoke", kid)).toContain(`${kid} is revoked`);
    await eventually(
      () => answersTo(token),
      (answers) => answers.join() === ALL_REFUSED.join(),
      REVOKED_WITHIN_MS,
    );
    expect(await published()).not.toContain(kid);
    const renewed = await refresh(refreshToken);
    expect(kidOf(String(renewed.accessToken))).not.toBe(kid);
    expect(await answersTo(String(renewed.accessToken))).toEqual(ALL_OK);
    await expect(keys("revoke", kid)).rejects.toThrow(/no key in use has the id/);
  },
  TIMEOUT_MS,
);

/**
 * Ways to disturb Redis, by name. Each function starts the disturbance, and returns a function that ends it.
 */
const befalls: Record<string, () => Promise<() => unknown>> = {
  "while Redis is up": async () => () => undefined,
  "while somebody takes the list out of Redis all the time": () =>
    meddle((redis) => redis.del(REVOCATIONS_KEY)),
  "while somebody puts an old list into Redis all the time": async () => {
    let old: string | undefined;
    return await meddle(async (redis) => {
      old ??= (await redis.get(REVOCATIONS_KEY)) ?? undefined;
      if (old) await redis.set(REVOCATIONS_KEY, old);
    });
  },
  "while Redis is frozen": async () => {
    const { pid } = stack.databases.engines.redis!.server;
    process.kill(pid, "SIGSTOP");
    return () => process.kill(pid, "SIGCONT");
  },
  "after Redis was killed": async () => {
    await stack.databases.engines.redis!.server.kill();
    return () => undefined;
  },
};

/** Runs `work` on Redis again and again. @returns a function that stops this */
async function meddle(work: (redis: Redis) => Promise<unknown>): Promise<() => Promise<void>> {
  const redis = new Redis(stack.urls.redis);
  let ended = false;
  await work(redis);
  const meddling = (async () => {
    for (; !ended; await delay(MEDDLE_PAUSE_MS)) await work(redis);
  })();
  return async () => {
    ended = true;
    await meddling;
    redis.disconnect();
  };
}

test.each(Object.keys(befalls))(
  "a session that ends %s is refused by every service within 5 s, and others are not",
  async (when) => {
    const [here, there] = await Promise.all([signUp(api, "PATIENT"), signUp(api, "PATIENT")]);
    const end = await befalls[when]!();
    try {
      expect(await answersTo(here.token)).toEqual(ALL_OK);
      await here.api.ok("POST /v1/auth/logout");
      const since = Date.now();
      const isRefused = (answers: string[]) => answers.join() === ALL_REFUSED.join();
      await eventually(() => answersTo(here.token), isRefused, REVOKED_WITHIN_MS);
      while (Date.now() < since + REVOKED_WITHIN_MS) {
        expect(await answersTo(here.token)).toEqual(ALL_REFUSED);
        await delay(PAUSE_MS);
      }
      expect(await answersTo(there.token)).toEqual(ALL_OK);
    } finally {
      await end();
    }
  },
  TIMEOUT_MS,
);
