import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Stack, startStack } from "../../deploy/local/stack.ts";

/** A system for one test file alone: processes and a Redis of its own, in schemas of its own on the shared MySQL. */
export interface OwnStack extends Stack {
  schemaPrefix: string;
  logs: string;
}

const NO_RATE_LIMITS = {
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_READ: "0",
  RATE_LIMIT_WRITE: "0",
  RATE_LIMIT_SEARCH: "0",
};

/** How long it takes on a busy machine; for `beforeAll`. */
export const START_TIMEOUT_MS = 90_000;

/** @param env settings of every process */
export async function startOwnStack(env: NodeJS.ProcessEnv = {}): Promise<OwnStack> {
  const mysqlUrl = process.env.MYSQL_URL;
  if (!mysqlUrl) throw new Error("MYSQL_URL is not set: run the tests with `npm test`");
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-test-"));
  const schemaPrefix = `t${randomBytes(4).toString("hex")}_`;
  const stack = await startStack({ dataDir, mysqlUrl, schemaPrefix, env: { ...NO_RATE_LIMITS, ...env }, durable: false });
  return {
    ...stack,
    schemaPrefix,
    logs: join(dataDir, "logs"),
    stop: async () => {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
