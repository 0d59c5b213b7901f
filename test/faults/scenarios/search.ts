import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { signUp } from "../../support/accounts.ts";
import { Api } from "../../support/api.ts";
import { addFindableDoctors } from "../../support/hostile-search.ts";
import { quantile } from "../call-stats.ts";
import { HttpClient } from "../http-client.ts";
import { OverloadScenario } from "../overload-scenario.ts";
import type { Counts, Flood } from "../search-flood.ts";
import { SCHEMA_PREFIX, type System } from "../system.ts";
import { Notes, type Scenario } from "./scenario.ts";

const FLOOD = join(import.meta.dirname, "../search-flood.ts");
const DOCTORS = 2000;
const SEARCHES = 200;
/**
 * Numbers of accounts that share the searches. All use one address. With one account, the limit per account
 * applies. With 25 accounts, each account stays below that limit.
 */
const SEARCHERS = [1, 25];
const BOOKINGS_A_SECOND = 20;
const ROUNDS = { long: 16, short: 1 };
const ROUND_MS = { long: 1500, short: 1000 };
const REST_MS = 1000;
const SLOWDOWN = 2;

/** Searches for words that occur in every doctor's profile. Meanwhile, patients book at a steady rate. */
export const search: Scenario = {
  name: "search",
  promise: `${SEARCHES} hostile searches at once, of ${SEARCHERS.join(" or ")} accounts: p99 of bookings within ${SLOWDOWN} times of before`,
  inShort: false,
  run: async ({ system, crowd, random, callStats, isLong }) => {
    const notes = new Notes({ isLong });
    const [rounds, roundMs] = isLong ? [ROUNDS.long, ROUND_MS.long] : [ROUNDS.short, ROUND_MS.short];
    const http = new HttpClient(system.stack.urls.gateway);
    const load = new OverloadScenario({ crowd, http, random, callStats });
    const remove = await fillSearch(system);
    const flood = fork(FLOOD);
    const api = new Api(system.stack.urls.gateway);
    const tokens: string[] = [];
    for (let i = 0; i < Math.max(...SEARCHERS); i++) tokens.push((await signUp(api, "PATIENT")).token);
    /** Books at the steady rate, without searches. @returns latencies in ms */
    const book = async () => {
      callStats.takeLatencies();
      await load.atRate(BOOKINGS_A_SECOND, roundMs);
      await load.settle();
      // Only successful bookings: refusals are faster, and their number depends on the scenarios that ran
      // before.
      return callStats.takeLatencies("ok");
    };
    /**
     * Searches while patients book.
     *
     * @returns latencies of bookings in ms, and the outcomes of the searches
     */
    const bookBeside = async (accounts: number) => {
      const searches = once(flood, "message") as Promise<[Counts]>;
      flood.send({ url: http.url, searches: SEARCHES, tokens: tokens.slice(0, accounts) } satisfies Flood);
      const during = await book();
      const [counts] = await searches;
      notes.expect((counts.ok ?? 0) > 0, `no search of ${accounts} accounts was answered`);
      // Waits until all searches have ended. Otherwise, they would slow down the next measurement.
      await delay(REST_MS);
      return { during, answer: describe(counts) };
    };
    try {
      // The first round is not measured, because V8 still compiles the code.
      await book();
      for (const count of SEARCHERS) await bookBeside(count);
      const alone: number[] = [];
      const kinds = SEARCHERS.map((count) => ({ count, times: [] as number[], answers: [] as string[] }));
      // Each round measures every variant once, so that other work on this machine affects all variants
      // alike.
      for (let round = 0; round < rounds; round++) {
        for (const { count, times, answers } of kinds) {
          alone.push(...(await book()));
          const { during, answer } = await bookBeside(count);
          times.push(...during);
          answers.push(answer);
        }
      }
      const before = p99(alone);
      notes.fact(`p99 of bookings: ${before.toFixed(0)} ms alone`);
      for (const { count, times, answers } of kinds) {
        const during = p99(times);
        notes.fact(`searches of ${count} accounts, by round: ${answers.join("; ")}`);
        notes.fact(`p99 of bookings: ${during.toFixed(0)} ms beside searches of ${count} accounts`);
        notes.expectInTime(
          during <= SLOWDOWN * before,
          `beside searches of ${count} accounts, bookings took ${(during / before).toFixed(1)} times as long`,
        );
      }
    } finally {
      flood.disconnect();
      await remove();
      http.close();
    }
    return notes;
  },
};

const p99 = (times: number[]): number =>
  quantile(
    times.sort((a, b) => a - b),
    0.99,
  );

/** Describes the outcomes of searches, such as "ok 8, TOO_MANY_CONCURRENT_REQUESTS 192". */
const describe = (counts: Counts): string =>
  Object.entries(counts)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(", ");

/** Adds doctors whom the searches find. @returns a function that removes them */
async function fillSearch(system: System): Promise<() => Promise<void>> {
  const admin = await connectAdmin(system.stack.urls.mysql);
  await admin.query("USE ??", [`${SCHEMA_PREFIX}scheduling`]);
  await addFindableDoctors((sql, rows) => admin.query(sql, [rows]), DOCTORS);
  return async () => {
    await admin.query(
      "DELETE w FROM doctor_words w JOIN doctors d ON d.id = w.doctor_id WHERE d.specialty = 'x'",
    );
    await admin.query("DELETE FROM doctors WHERE specialty = 'x'");
    await admin.end();
  };
}
