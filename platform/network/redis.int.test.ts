import { expect, test } from "@jest/globals";
import { TcpProxy } from "@medconnect/test/faults/tcp-proxy.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import pino from "pino";
import { connectRedis, REDIS_IN_BACKGROUND_MS, REDIS_IN_REQUEST_MS } from "./redis.ts";

/** Time in ms after a network failure within which commands must succeed again. */
const HEALED_MS = 10_000;

test.each([REDIS_IN_REQUEST_MS, REDIS_IN_BACKGROUND_MS])(
  "a silently lost connection is replaced (time-out of commands: %d ms)",
  async (commandTimeoutMs) => {
    const url = new URL(process.env.REDIS_URL!);
    const way = await TcpProxy.to(Number(url.port));
    url.host = `127.0.0.1:${way.port}`;
    const redis = connectRedis(url.href, pino({ level: "silent" }), commandTimeoutMs);
    const answers = () =>
      redis.ping().then(
        () => true,
        () => false,
      );
    await eventually(answers, Boolean);
    way.lose();
    expect(await answers()).toBe(false);
    await eventually(answers, Boolean, HEALED_MS);
    redis.disconnect();
    await way.close();
  },
);
