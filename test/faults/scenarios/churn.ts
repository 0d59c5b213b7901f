import { setTimeout as delay } from "node:timers/promises";
import { connectAdmin } from "@medconnect/deploy/admin-connection.ts";
import { PROCESSES, type ProcessName } from "@medconnect/deploy/local/ports.ts";
import type { RowDataPacket } from "mysql2/promise";
import type { System } from "../system.ts";
import { Notes, type Scenario, underLoad } from "./scenario.ts";

const CHURN_MS = { long: 180_000, short: 6000 };
const SAMPLE_MS = 1000;
const MIB = 1024 * 1024;
/** What a heap may differ by between two moments right after a collection. */
const HEAP_SLACK = 12 * MIB;
const DESCRIPTOR_SLACK = 16;
const STATEMENT_SLACK = 32;

/** What was in use at one moment. */
interface Sample {
  heap: Record<ProcessName, number>;
  descriptors: Record<ProcessName, number>;
  /** Prepared statements in the database, of all connections. */
  statements: number;
}

/** Nothing grows that nobody lets go of. An hour of it: `--scenario churn --minutes 60`. */
export const churn: Scenario = {
  name: "churn",
  promise:
    "minutes of bookings, moves, payments and refunds: heaps, descriptors and prepared statements stay flat",
  inShort: false,
  run: async (lab) => {
    const notes = new Notes(lab);
    const { system, isLong, churnMs = isLong ? CHURN_MS.long : CHURN_MS.short } = lab;
    const samples: Sample[] = [];
    await underLoad(lab, notes, async () => {
      for (const end = Date.now() + churnMs; Date.now() < end; await delay(SAMPLE_MS)) {
        samples.push(await sample(system));
      }
    });
    // The first third warms up: code is compiled, caches and pools fill.
    const third = Math.floor(samples.length / 3);
    const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)];
    for (const name of PROCESSES) {
      // The lowest of many samples is the nearest to what a collection leaves.
      const heaps = [middle, last].map((part) => Math.min(...part.map(({ heap }) => heap[name])));
      const open = [middle, last].map((part) =>
        Math.max(...part.map(({ descriptors }) => descriptors[name])),
      );
      const [heapBefore = 0, heapAfter = 0] = heaps;
      const [openBefore = 0, openAfter = 0] = open;
      notes.fact(
        `${name}: heap ${mib(heapBefore)} → ${mib(heapAfter)} MiB, descriptors ${openBefore} → ${openAfter}`,
      );
      notes.expectInTime(
        heapAfter <= heapBefore + HEAP_SLACK,
        `the heap of ${name} grew to ${mib(heapAfter)} MiB`,
      );
      notes.expectInTime(
        openAfter <= openBefore + DESCRIPTOR_SLACK,
        `${name} has ${openAfter} open descriptors`,
      );
    }
    const [before = 0, after = 0] = [middle, last].map((part) =>
      Math.max(...part.map((one) => one.statements)),
    );
    notes.fact(`prepared statements ${before} → ${after}`);
    notes.expectInTime(after <= before + STATEMENT_SLACK, `${after} prepared statements`);
    return notes;
  },
};

const mib = (bytes: number): string => (bytes / MIB).toFixed(0);

async function sample({ stack }: System): Promise<Sample> {
  const metrics = await Promise.all(PROCESSES.map((name) => scrape(stack.ports[name].metricsPort)));
  const of = (metric: string) =>
    Object.fromEntries(PROCESSES.map((name, i) => [name, gaugeIn(metrics[i]!, metric)])) as Sample["heap"];
  return {
    heap: of("v8js_memory_heap_used"),
    descriptors: of("process_unix_file_descriptor_count"),
    statements: await countStatements(stack.urls.mysql),
  };
}

async function scrape(metricsPort: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

/** The value of a metric without attributes (Prometheus text format). */
function gaugeIn(text: string, metric: string): number {
  const [, value] = new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)`, "m").exec(text) ?? [];
  if (value === undefined) throw new Error(`no metric ${metric}`);
  return Number(value);
}

async function countStatements(mysqlUrl: string): Promise<number> {
  const admin = await connectAdmin(mysqlUrl);
  const [rows] = await admin.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
  await admin.end();
  return Number(rows[0]!.Value);
}
