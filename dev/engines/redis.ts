import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type Engine, type EngineOptions, pidFileIn, refuseIfRunning } from "./engine.ts";
import { Server } from "./server.ts";

/** Starts Redis on 127.0.0.1, and returns when it accepts commands. */
export async function startRedis(options: EngineOptions): Promise<Engine> {
  const { program, folder, port, password, durable, logFile, signal } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseIfRunning(folder);
  // The settings are in a file, because one is the password, and arguments are visible in the process list.
  // `refuseIfRunning` looks for the folder in the process title, so Redis must not replace its title.
  const configFile = join(folder, "redis.conf");
  const config = [
    `port ${port}`,
    "bind 127.0.0.1",
    `requirepass ${password}`,
    `dir "${folder}"`,
    'save ""',
    `appendonly ${durable ? "yes" : "no"}`,
    "set-proc-title no",
  ];
  writeFileSync(configFile, `${config.join("\n")}\n`, { mode: 0o600 });

  const url = `redis://:${password}@127.0.0.1:${port}`;
  const server = new Server({
    name: "redis",
    command: program.command,
    args: [configFile],
    logFile,
    pidFile: pidFileIn(folder),
    ready: async () => (await pingRedis(url)) === undefined,
  });
  await server.start(signal);
  return { url, port, server };
}

/** Returns undefined if Redis responds; otherwise the problem, such as "ECONNREFUSED". */
export async function pingRedis(url: string): Promise<string | undefined> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5000 });
  let problem: string | undefined;
  redis.on("error", (error: NodeJS.ErrnoException) => {
    // An error of Redis starts with a code, for example "WRONGPASS invalid username …".
    problem ??= error.code ?? error.message.split(" ", 1)[0];
  });
  try {
    await redis.connect();
    await redis.ping();
    return problem;
  } catch (error) {
    return problem ?? (error as Error).message;
  } finally {
    redis.disconnect();
  }
}
