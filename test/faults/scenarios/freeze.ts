import { setTimeout as delay } from "node:timers/promises";
import type { ProcessName } from "@medconnect/topology/services.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { freeze } from "../system.ts";
import { DEADLINE_MS, type Lab, Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const CALM_MS = 500;
const FREEZE_MS = { long: 12_000, short: 2000 };
const WHOLE_AGAIN_MS = 10_000;

/** Freezes each process for a while, one after the other. */
export const frozen: Scenario = {
  name: "frozen",
  promise:
    "every process frozen in turn: calls end by their deadline, unless their gateway is frozen; serving again within 10 s",
  inShort: false,
  run: async (lab) => {
    const notes = new Notes(lab);
    const services = lab.random.shuffled(SERVICES);
    await underLoad(lab, notes, async () => {
      for (const name of services) await freezeOne(name, lab, notes);
    });
    const { slowestMs } = lab.callStats;
    notes.fact(`while services were frozen, the slowest call took ${seconds(slowestMs)}`);
    notes.expectInTime(slowestMs <= DEADLINE_MS, `a call took ${seconds(slowestMs)}`);
    // The frozen gateway enforces no deadline. Only the client's own time-out ends the call.
    await underLoad(lab, notes, () => freezeOne("gateway", lab, notes));
    return notes;
  },
};

async function freezeOne(name: ProcessName, { system, crowd, isLong }: Lab, notes: Notes): Promise<void> {
  await delay(CALM_MS);
  await freeze(system.process(name), isLong ? FREEZE_MS.long : FREEZE_MS.short);
  const wholeMs = await system.untilWhole(crowd.token, Date.now());
  notes.fact(`${name} frozen; whole again after ${seconds(wholeMs)}`);
  notes.expectInTime(wholeMs <= WHOLE_AGAIN_MS, `after a freeze of ${name}: whole after ${seconds(wholeMs)}`);
}
