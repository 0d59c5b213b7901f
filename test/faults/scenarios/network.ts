import { setTimeout as delay } from "node:timers/promises";
import type { System } from "../system.ts";
import { CLEAR, TcpProxy } from "../tcp-proxy.ts";
import { DEADLINE_MS, type Lab, Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const CUT_MS = { long: 12_000, short: 3000 };
const CALM_MS = 1000;
const HEALED_MS = 10_000;
const LATENCY_MS = 25;

/** What can happen to a way; `heal` is what makes it good again. */
interface Cut {
  name: string;
  begin: (way: TcpProxy) => void;
}

const CUTS: readonly Cut[] = [
  { name: "reset", begin: (way) => (way.weather = { kind: "reset" }) },
  { name: "black-holed", begin: (way) => (way.weather = { kind: "blackhole" }) },
  { name: "far away", begin: (way) => (way.weather = { kind: "open", latencyMs: LATENCY_MS }) },
  { name: "lost (connections forgotten)", begin: (way) => way.lose() },
];

/** The ways to what does not have to be there for a booking, and the one to what does. */
export const network: Scenario = {
  name: "network",
  promise:
    "clinical, billing, scheduling's MySQL cut off: calls end by deadline, bookings go on without the first two, all heals within 10 s",
  inShort: false,
  run: async (lab) => {
    const notes = new Notes(lab);
    const ways = await layWays(lab.system);
    try {
      for (const [name, way] of Object.entries(ways)) {
        for (const cut of CUTS) await cutOff(lab, notes, name, way, cut);
      }
    } finally {
      await removeWays(lab.system, Object.values(ways));
    }
    notes.expectInTime(lab.tally.slowestMs <= DEADLINE_MS, `a call took ${seconds(lab.tally.slowestMs)}`);
    return notes;
  },
};

async function cutOff(lab: Lab, notes: Notes, name: string, way: TcpProxy, { name: how, begin }: Cut) {
  const { system, crowd, tally, isLong } = lab;
  let bookings = 0;
  let healedMs = 0;
  await underLoad(lab, notes, async () => {
    await delay(CALM_MS);
    const before = tally.okOf("book");
    const cutAtMs = Date.now();
    begin(way);
    if (how.startsWith("lost")) {
      healedMs = await system.untilWhole(crowd.token, cutAtMs);
    } else {
      await delay(isLong ? CUT_MS.long : CUT_MS.short);
      bookings = tally.okOf("book") - before;
      way.weather = CLEAR;
      healedMs = await system.untilWhole(crowd.token, Date.now());
    }
  });
  const meanwhile = how.startsWith("lost") ? "" : `${bookings} bookings meanwhile, `;
  notes.fact(`${name} ${how}: ${meanwhile}whole ${seconds(healedMs)} after`);
  notes.expectInTime(healedMs <= HEALED_MS, `${name} ${how}: whole only after ${seconds(healedMs)}`);
  const isNeeded = name === "scheduling's MySQL";
  if (!isNeeded && meanwhile) notes.expect(bookings > 0, `${name} ${how}: nobody could book`);
}

/** Leads the gateway and scheduling over proxies to the others. */
async function layWays({ stack }: System): Promise<Record<string, TcpProxy>> {
  const { ports, databases, processes } = stack;
  const clinical = await TcpProxy.to(ports.clinical.port);
  const billing = await TcpProxy.to(ports.billing.port);
  const mysql = await TcpProxy.to(databases.engines.mysql!.port);
  const addresses = {
    CLINICAL_ADDRESS: `127.0.0.1:${clinical.port}`,
    BILLING_ADDRESS: `127.0.0.1:${billing.port}`,
  };
  const url = new URL(processes.scheduling.env.DATABASE_URL!);
  url.port = `${mysql.port}`;
  Object.assign(processes.gateway.env, addresses);
  Object.assign(processes.scheduling.env, addresses, { DATABASE_URL: url.href });
  await Promise.all([processes.gateway.restart(), processes.scheduling.restart()]);
  return { clinical, billing, "scheduling's MySQL": mysql };
}

async function removeWays({ stack }: System, ways: TcpProxy[]): Promise<void> {
  const { processes, addresses, databases } = stack;
  const direct = { CLINICAL_ADDRESS: addresses.clinical, BILLING_ADDRESS: addresses.billing };
  const url = new URL(processes.scheduling.env.DATABASE_URL!);
  url.port = `${databases.engines.mysql!.port}`;
  Object.assign(processes.gateway.env, direct);
  Object.assign(processes.scheduling.env, direct, { DATABASE_URL: url.href });
  await Promise.all([processes.gateway.restart(), processes.scheduling.restart()]);
  await Promise.all(ways.map((way) => way.close()));
}
