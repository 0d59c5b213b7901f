import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import { type Lab, Notes, type Scenario, seconds, spread, underLoad } from "./scenario.ts";

const PAUSE_MS = 500;
const WHOLE_AGAIN_MS = 5000;

/** Kills each process once per round at a random moment, one process after the other. */
export const kill: Scenario = {
  name: "kill",
  promise: "kill -9 of every process in each round: nothing acknowledged is lost, serving again within 5 s",
  inShort: true,
  run: async (lab) => {
    const notes = new Notes(lab);
    const recoveries = new Map<ProcessName, number[]>(PROCESSES.map((name) => [name, []]));
    await underLoad(lab, notes, async () => {
      for (let round = 0; round < lab.rounds; round++) {
        for (const name of lab.random.shuffled(PROCESSES)) {
          await delay(lab.random.next() * PAUSE_MS);
          recoveries.get(name)!.push(await killAndRestart(name, lab));
        }
      }
    });
    for (const [name, times] of recoveries) {
      notes.fact(`${name} killed ${times.length} times; whole again: ${spread(times)}`);
      for (const ms of times) {
        notes.expectInTime(
          ms <= WHOLE_AGAIN_MS,
          `after a kill of ${name}, the system served again after ${seconds(ms)}`,
        );
      }
    }
    return notes;
  },
};

/**
 * Kills a process and starts it again.
 *
 * @returns the time in ms from the kill until the whole system serves again
 */
async function killAndRestart(name: ProcessName, { system, crowd }: Lab): Promise<number> {
  const killedAtMs = Date.now();
  await system.process(name).kill();
  await system.process(name).start();
  return await system.untilWhole(crowd.token, killedAtMs);
}
