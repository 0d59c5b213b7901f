import { setTimeout as delay } from "node:timers/promises";
import { cpuMicros } from "./cpu.ts";
import type { Load } from "./load/load.ts";
import type { LoadResult } from "./load/tasks.ts";
import { PARTS, type Part, type Subject, type Tracing } from "./subjects.ts";

export const OPERATIONS = ["book", "list"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One turn of load on one subject. */
export interface Sample {
  operation: Operation;
  tracing: Tracing;
  /** Operations that did all that they should. */
  operations: number;
  /** Bookings whose consultation could not be read when the load had ended. */
  incomplete: number;
  /** A second. */
  rate: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU µs an operation. */
  cost: Record<Part, number>;
  totalCost: number;
}

export type PerPart = Record<Part, number>;

/** How long bookings are given to cause what they cause; events arrive within 250 ms, or are sent anew within a second. */
const SETTLE_MS = 1500;
const IDLE_MS = 3000;

/** µs of CPU that each part uses in a second without any load. */
export async function measureIdle(subject: Subject): Promise<PerPart> {
  const before = readCpu(subject);
  const beginMs = performance.now();
  await delay(IDLE_MS);
  const seconds = (performance.now() - beginMs) / 1000;
  const after = readCpu(subject);
  return perPart((part) => (after[part] - before[part]) / seconds);
}

export interface TurnOptions {
  load: Load;
  subject: Subject;
  operation: Operation;
  seconds: number;
  /** CPU use of the idle parts, in µs per second. */
  idle: PerPart;
}

/** Loads one subject for a while. A booking's cost is all that it causes, also after it was answered. */
export async function measure({ load, subject, operation, seconds, idle }: TurnOptions): Promise<Sample> {
  const { url, tracing } = subject;
  const before = readCpu(subject);
  const beginMs = performance.now();
  const result: LoadResult = await load.run({ name: operation, url, seconds });
  if (operation === "book") await delay(SETTLE_MS);
  const after = readCpu(subject);
  const elapsed = (performance.now() - beginMs) / 1000;

  const operations = operation === "book" ? await load.run({ name: "verify", url }) : result.operations;
  const cost = perPart((part) => Math.max(0, after[part] - before[part] - idle[part] * elapsed) / operations);
  return {
    operation,
    tracing,
    operations,
    incomplete: result.operations - operations,
    rate: operations / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cost,
    totalCost: PARTS.reduce((sum, part) => sum + cost[part], 0),
  };
}

/** CPU µs of the yardstick for each of its requests. */
export async function measureHello(
  load: Load,
  hello: { url: string; pid: number },
  { seconds, clients }: { seconds: number; clients: number },
): Promise<number> {
  const before = cpuMicros(hello.pid);
  const { operations } = await load.run({ name: "hello", url: hello.url, seconds, clients });
  return (cpuMicros(hello.pid) - before) / operations;
}

function readCpu({ pids }: Subject): PerPart {
  return perPart((part) => cpuMicros(pids[part]));
}

function perPart(value: (part: Part) => number): PerPart {
  return Object.fromEntries(PARTS.map((part) => [part, value(part)])) as PerPart;
}
