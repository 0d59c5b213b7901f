import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ callerRequests: 0, requests: 1000 });
});
afterAll(() => gateway.close());

/** Headers that the gateway or its libraries read. */
const READ = [
  ...["accept", "accept-encoding", "authorization", "baggage", "content-encoding", "content-type", "cookie"],
  ...["expect", "forwarded", "host", "idempotency-key", "if-match", "if-none-match", "origin", "range"],
  ...["traceparent", "tracestate", "x-forwarded-for", "x-request-id", "access-control-request-headers"],
];
/** Almost as long as Node's limit for all headers of a request, 16 KiB. */
const LENGTH = 15_000;
const fill = (text: string) => text.repeat(LENGTH / text.length);
/** Values on which a pattern with two neighbouring repetitions backtracks. */
const HOSTILE = [
  `a${fill(" ")}x`,
  `a${fill("\t")}x`,
  `Basic${fill(" ")}!`,
  `Bearer${fill(" ")}!`,
  `application/json${fill(" ")};x`,
  `"${fill("a")}`,
  fill('"a",'),
  fill('W/"a" '),
  fill("a,"),
  fill("a=b;"),
  fill("gzip;q=0."),
  fill("A"),
  `${fill("=")}!`,
  `https://${fill("a.")}`,
];
const MAX_CPU_MS = 80;
const TRIES = 5;

/** True if all tries are; stops at the first that is not. */
async function eachOf(tries: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (let i = 0; i < tries; i++) if (!(await isSo())) return false;
  return true;
}

test.each<[string, string, unknown]>([
  ["GET", "/.well-known/jwks.json", undefined],
  ["GET", "/v1/doctors?query=a", undefined],
  ["POST", "/v1/auth/token", new URLSearchParams({ grant_type: "client_credentials" })],
  ["POST", "/v1/auth/login", {}],
  ["OPTIONS", "/v1/bookings", undefined],
  ["GET", "/docs", undefined],
])("no header of %s %s takes the processor for long", async (method, path, body) => {
  const slow: string[] = [];
  for (const name of READ) {
    for (const [index, value] of HOSTILE.entries()) {
      const cpuMs = async () => {
        const before = process.cpuUsage();
        const headers = { connection: "close", [name]: value };
        await gateway.send(method, path, { headers, body }).catch(() => {});
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      // Compilation and collections of garbage may fall into some tries.
      if (await eachOf(TRIES, async () => (await cpuMs()) > MAX_CPU_MS)) slow.push(`${name} ${index}`);
    }
  }
  expect(slow).toEqual([]);
});
