import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { cached } from "../stats/cached.ts";
import { type Clock, systemClock } from "../time/clock.ts";

/**
 * Age in ms up to which metrics are reused, so that metrics are collected only once per second even in a
 * flood of scrapes.
 */
const SCRAPE_TTL_MS = 1000;
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface OpsServerOptions {
  host: string;
  port: number;
  readMetrics: () => Promise<string>;
  /**
   * True if this process can serve. After the start it must not depend on other services, because an outage
   * of another service would then take this one out of service, too.
   */
  ready: () => boolean;
  /** Failing part, for the text of `/readyz` of a process that is ready all the same; undefined if none. */
  impairment?: () => string | undefined;
  clock?: Clock;
  /** Actions that a POST runs, by path. Their results are answered as JSON. */
  actions?: Readonly<Record<string, () => Promise<object>>>;
}

/** Serves `/healthz`, `/readyz` and `/metrics` (Prometheus) on an internal port. */
export async function startOpsServer(options: OpsServerOptions) {
  const { host, port, ready, impairment = () => undefined, clock = systemClock, actions = {} } = options;
  const readMetrics = cached(clock, SCRAPE_TTL_MS, async () => {
    const text = await options.readMetrics();
    return { text, compressed: await promisify(gzip)(text) };
  });
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: string | Buffer, headers = {}) =>
      response.writeHead(status, { "content-type": CONTENT_TYPE, ...headers }).end(body);
    const action = request.method === "POST" ? actions[request.url ?? ""] : undefined;
    if (action) {
      // Browsers send Origin with each POST. No page may run an action, whatever its address is.
      if (request.headers.origin !== undefined) return answer(403, "not for pages\n");
      return await action().then(
        (result) => answer(200, `${JSON.stringify(result)}\n`),
        (error: Error) => answer(500, `${error.message}\n`),
      );
    }
    switch (request.url) {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz":
        if (!ready()) return answer(503, "not ready\n");
        return answer(200, ["ready", impairment()].filter(Boolean).join(", but ").concat("\n"));
      case "/metrics":
        return await readMetrics().then(
          ({ text, compressed }) =>
            acceptsGzip(request)
              ? answer(200, compressed, { "content-encoding": "gzip" })
              : answer(200, text),
          () => answer(503, "metrics cannot be read\n"),
        );
      default:
        return answer(404, "not found\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}

/** True for Prometheus. The text repeats itself, so gzip leaves a tenth of it or less. */
const acceptsGzip = ({ headers }: IncomingMessage): boolean =>
  /\bgzip\b/.test(String(headers["accept-encoding"]));
