import { connectAdmin } from "../admin-connection.ts";
import { SetupError } from "../setup-error.ts";
import type { DataFolder } from "./data-folder.ts";
import type { Engine } from "./engine.ts";
import { findMysql, findRedis } from "./engines.ts";
import { startMysql } from "./mysql.ts";
import { freePorts } from "./ports.ts";
import type { Progress } from "./progress.ts";
import { pingRedis, startRedis } from "./redis.ts";

export interface DatabaseOptions {
  folder: DataFolder;
  /** URLs of servers to use in place of private ones. */
  mysqlUrl?: string | undefined;
  redisUrl?: string | undefined;
  /** Whether a private MySQL and Redis must keep what was acknowledged over a crash. */
  durable: boolean;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

export interface Databases {
  mysqlUrl: string;
  redisUrl: string;
  /** Those that run for this stack alone. */
  engines: { mysql?: Engine; redis?: Engine };
  stop(): Promise<void>;
}

/** Sees to MySQL and Redis: the given ones, else private ones that keep their data in the folder. */
export async function startDatabases(options: DatabaseOptions): Promise<Databases> {
  const { progress, signal } = options;
  const engines: Databases["engines"] = {};
  const stop = async () => {
    await Promise.all([engines.mysql?.server.stop(), engines.redis?.server.stop()]);
  };
  try {
    progress.step(options.mysqlUrl ? "MySQL: the one in MYSQL_URL" : "MySQL: a private server");
    if (options.mysqlUrl) await (await connectAdmin(options.mysqlUrl)).end();
    else engines.mysql = await startPrivate("mysql", options);
    signal?.throwIfAborted();

    progress.step(options.redisUrl ? "Redis: the one in REDIS_URL" : "Redis: a private server");
    if (options.redisUrl) await refuseUnreachableRedis(options.redisUrl);
    else engines.redis = await startPrivate("redis", options);
    signal?.throwIfAborted();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    mysqlUrl: options.mysqlUrl ?? engines.mysql!.url,
    redisUrl: options.redisUrl ?? engines.redis!.url,
    engines,
    stop,
  };
}

async function startPrivate(kind: "mysql" | "redis", options: DatabaseOptions): Promise<Engine> {
  const { folder, durable, progress, signal } = options;
  const [find, start] = kind === "mysql" ? [findMysql, startMysql] : [findRedis, startRedis];
  const program = await find(progress, signal);
  progress.detail(`Starting ${kind} ${program.version} …`);
  const [port] = await freePorts(1);
  return await start({
    program,
    folder: folder.file(kind),
    port: port!,
    password: kind === "mysql" ? folder.secrets.mysqlPassword : folder.secrets.redisPassword,
    durable,
    logFile: folder.logFile(kind),
    signal,
  });
}

async function refuseUnreachableRedis(url: string): Promise<void> {
  if (!URL.canParse(url) || !/^rediss?:/.test(url)) {
    throw new SetupError("REDIS_URL does not look like redis://:password@host:port.");
  }
  const problem = await pingRedis(url);
  if (problem) throw new SetupError(`Redis at ${new URL(url).host} cannot be used (${problem}).`);
}
