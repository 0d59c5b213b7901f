import { setTimeout as delay } from "node:timers/promises";
import { freeze } from "../system.ts";
import { Notes, type Scenario, seconds, spread, underLoad } from "./scenario.ts";

const SERVED_AGAIN_MS = 10_000;
const AWAY_MS = 3000;
const CALM_MS = 2000;
const FREEZE_MS = { long: 30_000, short: 8000 };
/** The gateway's CALL_TIMEOUT is 10 s; a second more is the machine's. */
const DEADLINE_MS = 11_000;

/** The database dies and comes back, while processes stay. */
export const mysqlKilled: Scenario = {
  name: "mysql-killed",
  promise:
    "MySQL killed and restarted: 503 with Retry-After meanwhile, served again within 10 s, no process restarted",
  inShort: true,
  run: async (lab) => {
    const { system, crowd, tally, isLong } = lab;
    const notes = new Notes(lab);
    const pids = system.pids;
    const recoveries: number[] = [];
    await underLoad(lab, notes, async () => {
      for (let round = 0; round < (isLong ? 5 : 1); round++) {
        await delay(CALM_MS);
        await system.mysql.kill();
        await delay(AWAY_MS);
        await system.mysql.start();
        recoveries.push(await system.untilWhole(crowd.token, Date.now()));
      }
    });
    notes.fact(
      `MySQL killed ${recoveries.length} times; served again after it was back: ${spread(recoveries)}`,
    );
    for (const ms of recoveries) {
      notes.expectInTime(
        ms <= SERVED_AGAIN_MS,
        `MySQL was back, and ${seconds(ms)} later calls were still refused`,
      );
    }
    notes.expect(
      tally.withoutRetryAfter === 0,
      `${tally.withoutRetryAfter} answers of 503 had no Retry-After`,
    );
    notes.expect(system.pids.join() === pids.join(), "a process was restarted");
    return notes;
  },
};

/** The database keeps its connections, and does not answer. */
export const mysqlFrozen: Scenario = {
  name: "mysql-frozen",
  promise:
    "MySQL frozen for 30 s: every call ends by its deadline; served again within 10 s, no process restarted",
  inShort: false,
  run: async (lab) => {
    const { system, crowd, tally, isLong } = lab;
    const notes = new Notes(lab);
    const pids = system.pids;
    let servedAgainMs = 0;
    await underLoad(lab, notes, async () => {
      await delay(CALM_MS);
      await freeze(system.mysql, isLong ? FREEZE_MS.long : FREEZE_MS.short);
      servedAgainMs = await system.untilWhole(crowd.token, Date.now());
    });
    notes.fact(`slowest call ${seconds(tally.slowestMs)}; served again after ${seconds(servedAgainMs)}`);
    notes.expectInTime(tally.slowestMs <= DEADLINE_MS, `a call took ${seconds(tally.slowestMs)}`);
    notes.expectInTime(servedAgainMs <= SERVED_AGAIN_MS, `served again only after ${seconds(servedAgainMs)}`);
    notes.expect(system.pids.join() === pids.join(), "a process was restarted");
    return notes;
  },
};
