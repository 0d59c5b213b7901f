import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import { collectedHeaps } from "../heap.ts";
import { freeze } from "../system.ts";
import { DEADLINE_MS, Notes, type Scenario, seconds, spread, underLoad } from "./scenario.ts";

const SERVED_AGAIN_MS = 10_000;
const AWAY_MS = 3000;
const CALM_MS = 2000;
const FREEZE_MS = { long: 30_000, short: 8000 };
/**
 * Allowed growth of a heap. The processes have run for a few seconds only, and calls are in progress, so this
 * is no leak.
 */
const HEAP_SLACK_MIB = 16;
type Heaps = Record<ProcessName, number>;

/** Ways in which the scenario ends the database server. It alternates between them. */
const ENDS = ["killed", "stopped in order"] as const;

/** The database server ends and restarts, while the other processes continue. */
export const mysqlKilled: Scenario = {
  name: "mysql-killed",
  promise:
    "MySQL killed, or stopped in order, and restarted: 503 with Retry-After meanwhile, serving again within 10 s, no process restarted",
  inShort: true,
  run: async (lab) => {
    const { system, crowd, callStats, isLong } = lab;
    const notes = new Notes(lab);
    const pids = system.pids;
    const recoveries = new Map<string, number[]>(ENDS.map((end) => [end, []]));
    await underLoad(lab, notes, async () => {
      for (let round = 0; round < (isLong ? 3 : 1) * ENDS.length; round++) {
        await delay(CALM_MS);
        const end = ENDS[round % ENDS.length]!;
        await (end === "killed" ? system.mysql.kill() : system.mysql.stop());
        await delay(AWAY_MS);
        await system.mysql.start();
        recoveries.get(end)!.push(await system.untilWhole(crowd.token, Date.now()));
      }
    });
    for (const [end, times] of recoveries) {
      if (times.length === 0) continue;
      notes.fact(`MySQL ${end} ${times.length} times; served again after its return: ${spread(times)}`);
      for (const ms of times) {
        notes.expectInTime(
          ms <= SERVED_AGAIN_MS,
          `MySQL, ${end}, was back, but calls were refused ${seconds(ms)} later`,
        );
      }
    }
    notes.expect(
      callStats.withoutRetryAfter === 0,
      `${callStats.withoutRetryAfter} responses with 503 had no Retry-After`,
    );
    notes.expect(system.pids.join() === pids.join(), "a process was restarted");
    return notes;
  },
};

/** Freezes the database server: it keeps its connections, but does not respond. */
export const mysqlFrozen: Scenario = {
  name: "mysql-frozen",
  promise:
    "MySQL frozen for 30 s: every call ends by its deadline, heaps stay flat; serving again within 10 s, no process restarted",
  inShort: false,
  run: async (lab) => {
    const { system, crowd, callStats, isLong } = lab;
    const notes = new Notes(lab);
    const pids = system.pids;
    let servedAgainMs = 0;
    await underLoad(lab, notes, async () => {
      await delay(CALM_MS);
      const before = await collectedHeaps(system);
      await freeze(system.mysql, isLong ? FREEZE_MS.long : FREEZE_MS.short, async () => {
        expectFlat(before, await collectedHeaps(system), notes);
      });
      servedAgainMs = await system.untilWhole(crowd.token, Date.now());
    });
    notes.fact(`slowest call ${seconds(callStats.slowestMs)}; served again after ${seconds(servedAgainMs)}`);
    notes.expectInTime(callStats.slowestMs <= DEADLINE_MS, `a call took ${seconds(callStats.slowestMs)}`);
    notes.expectInTime(servedAgainMs <= SERVED_AGAIN_MS, `served again only after ${seconds(servedAgainMs)}`);
    notes.expect(system.pids.join() === pids.join(), "a process was restarted");
    return notes;
  },
};

function expectFlat(before: Heaps, after: Heaps, notes: Notes): void {
  for (const name of PROCESSES) {
    const change = `${before[name].toFixed(0)} → ${after[name].toFixed(0)} MiB`;
    notes.fact(`${name}: heap before, and at the end of the freeze ${change}`);
    notes.expectInTime(after[name] <= before[name] + HEAP_SLACK_MIB, `the heap of ${name} grew: ${change}`);
  }
}
