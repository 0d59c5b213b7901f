import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../call-stats.ts";
import { freeze } from "../system.ts";
import { type Lab, Notes, type Scenario, underLoad } from "./scenario.ts";

const PHASE_MS = { long: 10_000, short: 4000 };
/** Maximum increase of the latencies' 99th percentile without Redis, in ms. */
const SLOWER_MS = 150;

/** Kills Redis, and then freezes it. No call may fail. */
export const redis: Scenario = {
  name: "redis",
  promise: "Redis killed, then frozen: no call fails for it, and p99 is at most 150 ms slower",
  inShort: true,
  run: async (lab) => {
    const { system, isLong } = lab;
    const phaseMs = isLong ? PHASE_MS.long : PHASE_MS.short;
    const notes = new Notes(lab);
    await underLoad(lab, notes, async () => {
      const before = await p99During(lab, () => delay(phaseMs));
      const killed = await p99During(lab, async () => {
        await system.redis.kill();
        await delay(phaseMs);
      });
      await system.redis.start();
      await delay(1000);
      const frozen = await p99During(lab, () => freeze(system.redis, phaseMs));
      notes.fact(`p99 with Redis ${before} ms, killed ${killed} ms, frozen ${frozen} ms`);
      for (const [how, p99] of Object.entries({ killed, frozen })) {
        notes.expectInTime(
          p99 <= before + SLOWER_MS,
          `with Redis ${how}, p99 was ${p99} ms instead of ${before} ms`,
        );
      }
    });
    notes.expect(lab.callStats.unknown === 0, `${lab.callStats.unknown} calls failed`);
    return notes;
  },
};

/** @returns the 99th percentile of the latencies during `work`, in ms */
async function p99During({ callStats }: Lab, work: () => Promise<void>): Promise<number> {
  callStats.takeLatencies();
  await work();
  return Math.round(quantile(callStats.takeLatencies(), 0.99));
}
