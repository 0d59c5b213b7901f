import { setTimeout as delay } from "node:timers/promises";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { Crowd } from "../faults/crowd.ts";
import { ALWAYS } from "../faults/invariants/always.ts";
import { acknowledgedButLost, SETTLE_TIMEOUT_MS } from "../faults/invariants/check.ts";
import { Schemas } from "../faults/invariants/schemas.ts";
import { SETTLED } from "../faults/invariants/settled.ts";
import type { System } from "../faults/system.ts";

const POLL_MS = 500;
const READY_WITHIN_MS = 60_000;

/** Finds violations in restored schemas. */
type Check = (schemas: Schemas) => Promise<string[]>;

/** Waits until billing has asked its provider, by `restore status`. */
export async function untilReady(status: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while ((await status()).includes("asks the payment provider")) {
    if (Date.now() > deadline) throw new Error("billing has not asked its provider within a minute");
    await delay(POLL_MS);
  }
}

/** Checks a restored system before its restore is confirmed. @param token access token of the time before */
export async function violationsBefore(system: System, token: string, check: Check): Promise<string[]> {
  return await inSchemas(system.stack.urls.mysql, async (schemas) => [
    ...(await schemas.broken(ALWAYS)),
    ...(await check(schemas)),
    ...(await openGates(system)),
    ...(await livingTokens(system, token)),
  ]);
}

/** Checks a restored system after the confirmation: held events arrive, and nothing gets lost. */
export async function violationsAfter(system: System, check: Check): Promise<string[]> {
  return await inSchemas(system.stack.urls.mysql, async (schemas) => {
    const deadline = Date.now() + SETTLE_TIMEOUT_MS;
    let broken = await schemas.broken(SETTLED);
    while (broken.length > 0 && Date.now() < deadline) {
      await delay(POLL_MS);
      broken = await schemas.broken(SETTLED);
    }
    return [...broken, ...(await schemas.broken(ALWAYS)), ...(await check(schemas))];
  });
}

/** Checks schemas of the moment after the load. All outcomes were known then, so each row is compared with them. */
export async function violationsAtEnd(mysqlUrl: string, crowd: Crowd): Promise<string[]> {
  return await inSchemas(mysqlUrl, async (schemas) => [
    ...(await schemas.broken(ALWAYS)),
    ...(await acknowledgedButLost(schemas, crowd)),
  ]);
}

/** Runs work on the schemas of a system. */
export async function inSchemas<T>(mysqlUrl: string, work: (schemas: Schemas) => Promise<T>): Promise<T> {
  const schemas = await Schemas.open(mysqlUrl);
  try {
    return await work(schemas);
  } finally {
    await schemas.close();
  }
}

/** Services that say that nobody waits for a confirmation. */
async function openGates({ stack }: System): Promise<string[]> {
  const open: string[] = [];
  for (const service of SERVICES) {
    const metrics = await fetch(`http://127.0.0.1:${stack.ports[service].metricsPort}/metrics`);
    if (!/^restore_unconfirmed(\{.*\})? 1$/m.test(await metrics.text()))
      open.push(`${service} sends before confirm`);
  }
  return open;
}

/** Access tokens of the time before that still work. */
async function livingTokens({ http }: System, token: string): Promise<string[]> {
  const { kind, reason } = await http.send("GET /v1/bookings", { token });
  return kind === "ok" || reason !== "UNAUTHENTICATED"
    ? [`an access token of before works: ${kind} ${reason}`]
    : [];
}
