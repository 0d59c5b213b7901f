import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { Notes, type Scenario, seconds, spread, underLoad } from "./scenario.ts";

const CALM_MS = 500;
const EXIT_MS = 25_000;
/**
 * Limit for a stop. Server.stop kills a process after `EXIT_MS`, so a stop that takes almost as long shows
 * that the process did not end by itself.
 */
const MEASURABLE_MS = EXIT_MS - 100;

/** A process must end in time after SIGTERM, even if a dependency never responds. */
export const sigterm: Scenario = {
  name: "sigterm",
  promise: "SIGTERM under load, and with MySQL frozen: every process ends within 25 s",
  inShort: false,
  run: async (lab) => {
    const { system, crowd } = lab;
    const notes = new Notes(lab);
    await underLoad(lab, notes, async () => {
      const calm: number[] = [];
      for (const name of PROCESSES) {
        await delay(CALM_MS);
        calm.push(await stopTimed(name));
        await system.process(name).start();
      }
      notes.fact(`under load, ended after ${spread(calm)}`);

      process.kill(system.mysql.pid, "SIGSTOP");
      await delay(CALM_MS);
      const stuck = await Promise.all(PROCESSES.map(stopTimed));
      process.kill(system.mysql.pid, "SIGCONT");
      notes.fact(`with MySQL frozen, ended after ${spread(stuck)}`);
      await Promise.all(PROCESSES.map((name) => system.process(name).start()));
      await system.untilWhole(crowd.token, Date.now());
      for (const ms of [...calm, ...stuck]) {
        notes.expectInTime(ms < MEASURABLE_MS, `a process had not ended ${seconds(ms)} after SIGTERM`);
      }
    });
    return notes;

    async function stopTimed(name: (typeof PROCESSES)[number]): Promise<number> {
      const begin = Date.now();
      await system.process(name).stop();
      return Date.now() - begin;
    }
  },
};
