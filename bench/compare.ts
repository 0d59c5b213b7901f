import type { Progress } from "@medconnect/deploy/local/progress.ts";
import type { HelperServer } from "./helper.ts";
import type { Load } from "./load/load.ts";
import { measure, measureHello, measureIdle, OPERATIONS, type Sample } from "./measure.ts";
import { median } from "./statistics.ts";
import type { Subject, Subjects } from "./subjects.ts";

export interface Conditions {
  clients: number;
  /** Length of each turn of load. */
  seconds: number;
}

export interface Comparison {
  samples: Sample[];
  helloMicros: number;
}

export interface Bench {
  subjects: Subjects;
  hello: HelperServer;
  load: Load;
  progress: Progress;
}

export const ROUNDS = 3;
/** Steps that `compare` reports. */
export const COMPARE_STEPS = 3 + ROUNDS;

const HELLO_SECONDS = 2;
/**
 * After so long the optimizing compiler has seen to most of what is hot; at 10 s it still took a tenth of all CPU time
 * (perf, by thread).
 */
const WARM_UP_SECONDS = { book: 20, list: 8 };
/** How many bookings a second a turn is stocked for at first; later, half as many again as there were. */
const FIRST_GUESS = 400;
const RESERVE = 1.5;

/** Warms everything up, then lets the subjects take turns: in each round every one does every operation. */
export async function compare(bench: Bench, { clients, seconds }: Conditions): Promise<Comparison> {
  const { subjects, hello, load, progress } = bench;
  const both = [subjects.off, subjects.on];

  progress.step("Accounts");
  for (const { url } of both) await load.run({ name: "prepare", url, clients });

  progress.step("Warm-up");
  let fastest = FIRST_GUESS;
  const stockFor = async ({ url }: Subject, forSeconds: number) =>
    await load.run({ name: "stock", url, bookings: Math.ceil(fastest * RESERVE * forSeconds) });
  for (const subject of both) {
    const { url } = subject;
    await stockFor(subject, WARM_UP_SECONDS.book);
    for (const name of OPERATIONS) await load.run({ name, url, seconds: WARM_UP_SECONDS[name] });
  }
  await measureHello(load, hello, { seconds: HELLO_SECONDS, clients });

  progress.step("Idle");
  const idle = { off: await measureIdle(subjects.off), on: await measureIdle(subjects.on) };

  const samples: Sample[] = [];
  const helloCosts: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    progress.step(`Round ${round} of ${ROUNDS}`);
    helloCosts.push(await measureHello(load, hello, { seconds: HELLO_SECONDS, clients }));
    // Whoever came second comes first the next time.
    const order = round % 2 === 1 ? both : both.toReversed();
    for (const operation of OPERATIONS) {
      for (const subject of order) {
        if (operation === "book") await stockFor(subject, seconds);
        const sample = await measure({ load, subject, operation, seconds, idle: idle[subject.tracing] });
        if (operation === "book") fastest = Math.max(fastest, sample.rate);
        samples.push(sample);
      }
    }
  }
  return { samples, helloMicros: median(helloCosts) };
}
