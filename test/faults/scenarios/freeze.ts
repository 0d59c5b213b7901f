import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES } from "@medconnect/deploy/local/ports.ts";
import { freeze } from "../system.ts";
import { Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const CALM_MS = 500;
const FREEZE_MS = { long: 12_000, short: 2000 };
const WHOLE_AGAIN_MS = 10_000;

/** Every process stops where it is for a while, and then goes on as if nothing had been. */
export const frozen: Scenario = {
  name: "frozen",
  promise: "every process frozen in turn: calls end by their deadline, whole again within 10 s",
  inShort: false,
  run: async (lab) => {
    const { system, crowd, random, isLong } = lab;
    const notes = new Notes(lab);
    await underLoad(lab, notes, async () => {
      for (const name of random.shuffled(PROCESSES)) {
        await delay(CALM_MS);
        await freeze(system.process(name), isLong ? FREEZE_MS.long : FREEZE_MS.short);
        const wholeMs = await system.untilWhole(crowd.token, Date.now());
        notes.fact(`${name} frozen; whole again after ${seconds(wholeMs)}`);
        notes.expectInTime(
          wholeMs <= WHOLE_AGAIN_MS,
          `after a freeze of ${name}: whole after ${seconds(wholeMs)}`,
        );
      }
    });
    return notes;
  },
};
