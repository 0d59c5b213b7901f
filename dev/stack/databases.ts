import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import type { Engine } from "../engines/engine.ts";
import { findMysql, findRedis, type Program } from "../engines/engines.ts";
import { startMysql } from "../engines/mysql.ts";
import { pingRedis, startRedis } from "../engines/redis.ts";
import type { Progress } from "../terminal/progress.ts";
import type { DataFolder } from "./data-folder.ts";
import { freePort } from "./ports.ts";

export interface DatabaseOptions {
  folder: DataFolder;
  /** URLs of existing servers. If absent, private servers are started. */
  mysqlUrl?: string | undefined;
  redisUrl?: string | undefined;
  /** True if the private servers must not lose acknowledged writes in a crash. */
  durable: boolean;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

export interface Databases {
  mysqlUrl: string;
  redisUrl: string;
  /** The private servers that this process started. Existing servers are not in it. */
  engines: { mysql?: Engine; redis?: Engine };
  stop(): Promise<void>;
}

/** Number of steps that `startDatabases` reports. */
export const DATABASE_STEPS = 1;

/** Checks that the given servers respond, or starts private ones with their data in the folder. */
export async function startDatabases(options: DatabaseOptions): Promise<Databases> {
  const { progress, signal } = options;
  const engines: Databases["engines"] = {};
  const stop = async () => {
    await Promise.all([engines.mysql?.server.stop(), engines.redis?.server.stop()]);
  };
  try {
    progress.step(
      `MySQL: ${options.mysqlUrl ? "the one in MYSQL_URL" : "a private server"}; ` +
        `Redis: ${options.redisUrl ? "the one in REDIS_URL" : "a private server"}`,
    );
    // The searches run one after the other, because the first one that finds no program unpacks both
    // programs.
    const mysql = options.mysqlUrl || (await findMysql(progress, signal));
    const redis = options.redisUrl || (await findRedis(progress, signal));
    const start = async (kind: "mysql" | "redis", program: Program) => {
      const engine = await startPrivate(kind, program, await freePort(), options);
      engines[kind] = engine;
      return engine.url;
    };
    // Waits for both outcomes, even if one fails. Otherwise the clean-up could miss a server that is still
    // starting.
    const [mysqlOutcome, redisOutcome] = await Promise.allSettled([
      typeof mysql === "string" ? refuseUnreachableMysql(mysql) : start("mysql", mysql),
      typeof redis === "string" ? refuseUnreachableRedis(redis) : start("redis", redis),
    ]);
    const [mysqlUrl, redisUrl] = [resultOf(mysqlOutcome), resultOf(redisOutcome)];
    signal?.throwIfAborted();
    return { mysqlUrl, redisUrl, engines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function resultOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

async function startPrivate(
  kind: "mysql" | "redis",
  program: Program,
  port: number,
  { folder, durable, progress, signal }: DatabaseOptions,
): Promise<Engine> {
  progress.detail(`Starting ${kind} ${program.version} …`);
  const start = kind === "mysql" ? startMysql : startRedis;
  return await start({
    program,
    folder: folder.file(kind),
    port,
    password: kind === "mysql" ? folder.secrets.mysqlPassword : folder.secrets.redisPassword,
    durable,
    logFile: folder.logFile(kind),
    signal,
  });
}

/** Throws if this process cannot connect to the server. @returns the server's URL */
async function refuseUnreachableMysql(url: string): Promise<string> {
  await (await connectAdmin(url)).end();
  return url;
}

/** Throws if this process cannot connect to the server. @returns the server's URL */
async function refuseUnreachableRedis(url: string): Promise<string> {
  if (!URL.canParse(url) || !/^rediss?:/.test(url)) {
    throw new SetupError("REDIS_URL must be redis://:password@host:port.");
  }
  const problem = await pingRedis(url);
  if (problem)
    throw new SetupError(`Redis at ${new URL(url).host} cannot be used (${problem}). Check REDIS_URL.`);
  return url;
}
