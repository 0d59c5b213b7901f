import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Stack, type StackOptions, startStack } from "@medconnect/dev/stack/stack.ts";
import { signUp } from "./accounts.ts";
import { Api } from "./api.ts";
import { eventually } from "./eventually.ts";
import { licenseAt } from "./licensing.ts";
import { HIGH_RATE_LIMITS } from "./rate-limits.ts";

/** A system for one test file, on the shared MySQL server. It has its own processes, Redis and schemas. */
export interface OwnStack extends Stack {
  schemaPrefix: string;
  logs: string;
}

const REACHED_WITHIN_MS = 60_000;

/** Maximum time for the start on a busy machine. Use it as the time-out of `beforeAll`. */
export const START_TIMEOUT_MS = 240_000;

/** Starts a system for one test file. @param env settings of every process */
export async function startOwnStack(
  env: NodeJS.ProcessEnv = {},
  options: Pick<StackOptions, "mtls" | "sandboxClock" | "tracesPort"> = {},
): Promise<OwnStack> {
  const mysqlUrl = process.env.MYSQL_URL;
  if (!mysqlUrl) throw new Error("MYSQL_URL is not set: run the tests with `npm test`");
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-test-"));
  const schemaPrefix = `t${randomBytes(4).toString("hex")}_`;
  const stack = await startStack({
    dataDir,
    mysqlUrl,
    schemaPrefix,
    env: { ...HIGH_RATE_LIMITS, METRICS_SAMPLE_EVERY: "1s", ...env },
    durable: false,
    ...options,
  });
  const stop = async () => {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    licenseAt(stack, schemaPrefix);
    await untilReached(new Api(stack.urls.gateway));
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...stack, schemaPrefix, logs: join(dataDir, "logs"), stop };
}

/** For each service, a path that every patient may read. */
export const READS = {
  auth: "/v1/users/me",
  scheduling: "/v1/bookings",
  clinical: "/v1/consultations",
  billing: "/v1/payments",
};

/** Waits until the gateway has connected to all services. This takes seconds on a busy machine. */
async function untilReached(api: Api): Promise<void> {
  const status = async (call: string, as = api) => (await as.send(call)).status;
  await eventually(() => status("GET /.well-known/jwks.json"), isServed, REACHED_WITHIN_MS);
  const { api: own } = await signUp(api, "PATIENT");
  for (const path of Object.values(READS)) {
    await eventually(() => status(`GET ${path}`, own), isServed, REACHED_WITHIN_MS);
  }
}

const isServed = (status: number): boolean => status === 200;
