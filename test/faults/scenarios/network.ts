import { setTimeout as delay } from "node:timers/promises";
import { layLinks, type NetworkLink, removeLinks } from "../network-links.ts";
import { CLEAR, type TcpProxy } from "../tcp-proxy.ts";
import { DEADLINE_MS, type Lab, Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const CUT_MS = { long: 12_000, short: 3000 };
const CALM_MS = 1000;
const HEALED_MS = 10_000;
const LATENCY_MS = 25;

/** A fault of a network link, and the function that starts it. */
interface Cut {
  name: string;
  begin: (link: TcpProxy) => void;
}

const CUTS: readonly Cut[] = [
  { name: "reset", begin: (link) => (link.weather = { kind: "reset" }) },
  { name: "black-holed", begin: (link) => (link.weather = { kind: "blackhole" }) },
  { name: "far away", begin: (link) => (link.weather = { kind: "open", latencyMs: LATENCY_MS }) },
  { name: "lost (connections forgotten)", begin: (link) => link.lose() },
];

/**
 * Cuts network links, one after the other: to clinical, billing, scheduling's MySQL, and the gateway's Redis.
 */
export const network: Scenario = {
  name: "network",
  promise:
    "clinical, billing, scheduling's MySQL, the gateway's Redis cut off: calls end by deadline, bookings go on without the first two, everything without the last, all heals within 10 s",
  inShort: false,
  run: async (lab) => {
    const notes = new Notes(lab);
    const links = await layLinks(lab.system);
    try {
      for (const link of links) {
        for (const cut of CUTS) await cutOff(lab, notes, link, cut);
      }
    } finally {
      await removeLinks(lab.system, links);
    }
    notes.expectInTime(
      lab.callStats.slowestMs <= DEADLINE_MS,
      `a call took ${seconds(lab.callStats.slowestMs)}`,
    );
    return notes;
  },
};

async function cutOff(lab: Lab, notes: Notes, link: NetworkLink, { name: how, begin }: Cut): Promise<void> {
  const { callStats, isLong } = lab;
  const { name, proxy, needed } = link;
  const unknownBefore = callStats.unknown;
  let bookings: number | undefined;
  let healedMs = 0;
  await underLoad(lab, notes, async () => {
    await delay(CALM_MS);
    const cutAtMs = Date.now();
    const bookedBefore = callStats.okOf("book");
    begin(proxy);
    if (how.startsWith("lost")) {
      healedMs = await healed(lab, link, cutAtMs);
    } else {
      await delay(isLong ? CUT_MS.long : CUT_MS.short);
      bookings = callStats.okOf("book") - bookedBefore;
      proxy.weather = CLEAR;
      healedMs = await healed(lab, link, Date.now());
    }
  });
  const failed = callStats.unknown - unknownBefore;
  const meanwhile = bookings === undefined ? "" : `${bookings} bookings meanwhile, `;
  notes.fact(`${name} ${how}: ${meanwhile}${failed} calls failed, whole ${seconds(healedMs)} after`);
  notes.expectInTime(healedMs <= HEALED_MS, `${name} ${how}: whole only after ${seconds(healedMs)}`);
  if (needed !== "to book") notes.expect(bookings !== 0, `${name} ${how}: no booking succeeded`);
  if (needed === "by no caller") notes.expect(failed === 0, `${name} ${how}: ${failed} calls failed`);
}

/** @returns the time in ms from `sinceMs` until all calls succeed again */
async function healed({ system, crowd }: Lab, { untilUsed }: NetworkLink, sinceMs: number): Promise<number> {
  await system.untilWhole(crowd.token, sinceMs);
  await untilUsed?.();
  return Date.now() - sinceMs;
}
