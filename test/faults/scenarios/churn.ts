import { setTimeout as delay } from "node:timers/promises";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import type { RowDataPacket } from "mysql2/promise";
import { collectedHeaps } from "../heap.ts";
import type { System } from "../system.ts";
import { Notes, type Scenario, underLoad } from "./scenario.ts";

const CHURN_MS = { long: 180_000, short: 6000 };
/** Share of the run before the first sample. By then, code is compiled, and caches and pools are full. */
const WARM_UP = 1 / 3;
/** Allowed growth of a heap. Calls in progress need some memory, so this growth is no leak. */
const HEAP_SLACK_MIB = 6;
const DESCRIPTOR_SLACK = 16;
/**
 * Allowed growth of the number of prepared statements. Each of a pool's 16 connections prepares a statement
 * when it first uses it. So rarely used statements, such as those for licences, are still prepared late in
 * the run. A leak would add a statement for each call, many thousands in a run.
 */
const STATEMENT_SLACK = 400;

/** Resources that the processes use at one time. */
interface Sample {
  /** Heap after a garbage collection, in MiB. */
  heap: Record<ProcessName, number>;
  descriptors: Record<ProcessName, number>;
  /** Number of prepared statements on all database connections. */
  statements: number;
}

/**
 * Looks for leaks of memory, file descriptors and prepared statements. To run it for an hour, use `--scenario
 * churn --minutes 60`.
 */
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
      await delay(churnMs * WARM_UP);
      samples.push(await sample(system));
      await delay(churnMs * (1 - WARM_UP));
      samples.push(await sample(system));
    });
    const [before, after] = samples as [Sample, Sample];
    for (const name of PROCESSES) {
      const [heapBefore, heapAfter] = [before.heap[name], after.heap[name]];
      const [openBefore, openAfter] = [before.descriptors[name], after.descriptors[name]];
      notes.fact(
        `${name}: heap ${heapBefore.toFixed(0)} → ${heapAfter.toFixed(0)} MiB, descriptors ${openBefore} → ${openAfter}`,
      );
      notes.expectInTime(
        heapAfter <= heapBefore + HEAP_SLACK_MIB,
        `the heap of ${name} grew to ${heapAfter.toFixed(0)} MiB`,
      );
      notes.expectInTime(
        openAfter <= openBefore + DESCRIPTOR_SLACK,
        `${name} has ${openAfter} open descriptors`,
      );
    }
    notes.fact(`prepared statements ${before.statements} → ${after.statements}`);
    notes.expectInTime(
      after.statements <= before.statements + STATEMENT_SLACK,
      `${after.statements} prepared statements`,
    );
    return notes;
  },
};

async function sample(system: System): Promise<Sample> {
  const { stack } = system;
  const heap = await collectedHeaps(system);
  const descriptors = {} as Sample["descriptors"];
  for (const name of PROCESSES) {
    const metrics = await scrape(stack.ports[name].metricsPort);
    descriptors[name] = gaugeIn(metrics, "process_open_fds");
  }
  return { heap, descriptors, statements: await countStatements(stack.urls.mysql) };
}

async function scrape(metricsPort: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

/** Reads the value of a metric from Prometheus's text format. The metric has exactly one series. */
function gaugeIn(text: string, metric: string): number {
  const [, value] = new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)`, "m").exec(text) ?? [];
  if (value === undefined) throw new Error(`There is no metric ${metric}.`);
  return Number(value);
}

async function countStatements(mysqlUrl: string): Promise<number> {
  const admin = await connectAdmin(mysqlUrl);
  const [rows] = await admin.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
  await admin.end();
  return Number(rows[0]!.Value);
}
