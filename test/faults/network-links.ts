import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { System } from "./system.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const LOOK_PAUSE_MS = 100;
const GIVE_UP_MS = 60_000;
/** Pattern of the Redis keys in which gateways count calls for the rate limits. */
const COUNTS = "medconnect:rate:*";

/** A network link with a proxy, which can cut it. */
export interface NetworkLink {
  name: string;
  proxy: TcpProxy;
  /** Calls that need this link: to book something, only calls to the service behind the link, or no calls. */
  needed: "to book" | "for itself" | "by no caller";
  /** Waits until the gateway uses the link again. Absent if successful calls show that. */
  untilUsed?: () => Promise<void>;
}

/** Puts proxies between the gateway or scheduling and the processes and databases that they call. */
export async function layLinks({ stack }: System): Promise<NetworkLink[]> {
  const { ports, databases, processes, urls } = stack;
  const clinical = await TcpProxy.to(ports.clinical.port);
  const billing = await TcpProxy.to(ports.billing.port);
  const mysql = await TcpProxy.to(databases.engines.mysql!.port);
  const redis = await TcpProxy.to(databases.engines.redis!.port);
  const addresses = {
    CLINICAL_ADDRESS: `127.0.0.1:${clinical.port}`,
    BILLING_ADDRESS: `127.0.0.1:${billing.port}`,
  };
  const { DATABASE_URL } = processes.scheduling.env;
  Object.assign(processes.gateway.env, addresses, { REDIS_URL: withPort(urls.redis, redis.port) });
  Object.assign(processes.scheduling.env, addresses, { DATABASE_URL: withPort(DATABASE_URL!, mysql.port) });
  await Promise.all([processes.gateway.restart(), processes.scheduling.restart()]);
  return [
    // Redis is cut first. Otherwise, effects of the other cuts could be mistaken for effects of this cut.
    {
      name: "the gateway's Redis",
      proxy: redis,
      needed: "by no caller",
      untilUsed: () => untilCounted(urls.redis),
    },
    { name: "clinical", proxy: clinical, needed: "for itself" },
    { name: "billing", proxy: billing, needed: "for itself" },
    { name: "scheduling's MySQL", proxy: mysql, needed: "to book" },
  ];
}

export async function removeLinks({ stack }: System, links: NetworkLink[]): Promise<void> {
  const { processes, addresses, databases, urls } = stack;
  const direct = { CLINICAL_ADDRESS: addresses.clinical, BILLING_ADDRESS: addresses.billing };
  const { DATABASE_URL } = processes.scheduling.env;
  Object.assign(processes.gateway.env, direct, { REDIS_URL: urls.redis });
  Object.assign(processes.scheduling.env, direct, {
    DATABASE_URL: withPort(DATABASE_URL!, databases.engines.mysql!.port),
  });
  await Promise.all([processes.gateway.restart(), processes.scheduling.restart()]);
  await Promise.all(links.map(({ proxy }) => proxy.close()));
}

function withPort(text: string, port: number): string {
  const url = new URL(text);
  url.port = `${port}`;
  return url.href;
}

/** Deletes the gateway's call counts in Redis, and waits until the gateway has written new ones. */
async function untilCounted(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    const old = await redis.keys(COUNTS);
    if (old.length > 0) await redis.del(old);
    const deadline = Date.now() + GIVE_UP_MS;
    while ((await redis.keys(COUNTS)).length === 0 && Date.now() < deadline) await delay(LOOK_PAUSE_MS);
  } finally {
    redis.disconnect();
  }
}
