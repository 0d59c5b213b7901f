import { setTimeout as delay } from "node:timers/promises";
import type { Load } from "./load/load.ts";
import type { Workload } from "./load/tasks.ts";
import { cpuMicros } from "./proc.ts";
import type { System } from "./systems.ts";

/** CPU µs by process. */
export type Cost = Record<string, number>;

/** One turn of load on one system. */
export interface Sample {
  /** Operations that did all that they should. */
  operations: number;
  /** Bookings whose consultation could not be read when the load had ended. */
  incomplete: number;
  /** Operations a second. */
  rate: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU µs an operation. */
  cost: Cost;
  totalCost: number;
}

/** Time in which bookings cause all that they cause: events arrive within 250 ms, or are sent again within a second. */
const SETTLE_MS = 1500;
const REST_MS = 3000;
const IDLE_MS = 3000;
const IDLE_WINDOWS = 3;

/**
 * CPU µs that each process uses in a second without any load: the lowest of several windows. Work that is left over from a
 * load, such as MySQL's purge, would be subtracted from every turn to come.
 */
export async function measureIdle({ pids }: System): Promise<Cost> {
  await delay(REST_MS);
  const windows: Cost[] = [];
  for (let i = 0; i < IDLE_WINDOWS; i++) {
    const before = readCpu(pids);
    const beginMs = performance.now();
    await delay(IDLE_MS);
    const seconds = (performance.now() - beginMs) / 1000;
    const after = readCpu(pids);
    windows.push(eachOf(pids, (name) => (after[name]! - before[name]!) / seconds));
  }
  return eachOf(pids, (name) => Math.min(...windows.map((window) => window[name]!)));
}

export interface Turn {
  system: System;
  workload: Workload;
  clients: number;
}

export interface TurnOptions {
  load: Load;
  seconds: number;
  /** Idle CPU use of the system's processes, in µs a second. */
  idle: Cost;
}

/** Loads one system for a while. A booking's cost is all that it causes, also after it was answered. */
export async function measure(
  { system, workload, clients }: Turn,
  { load, seconds, idle }: TurnOptions,
): Promise<Sample> {
  const { url, pids } = system;
  const isBooking = workload === "book" || workload === "pay";
  const before = readCpu(pids);
  const beginMs = performance.now();
  const result = await load.run({ name: "run", url, workload, clients, seconds });
  if (isBooking) await delay(SETTLE_MS);
  const after = readCpu(pids);
  const elapsed = (performance.now() - beginMs) / 1000;

  const operations = isBooking ? await load.run({ name: "verify", url }) : result.operations;
  const cost = eachOf(pids, (name) => (after[name]! - before[name]! - idle[name]! * elapsed) / operations);
  return {
    operations,
    incomplete: result.operations - operations,
    rate: operations / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cost,
    totalCost: Object.values(cost).reduce((sum, micros) => sum + micros, 0),
  };
}

function readCpu(pids: System["pids"]): Cost {
  return eachOf(pids, (name) => cpuMicros(pids[name]!));
}

function eachOf(pids: System["pids"], value: (name: string) => number): Cost {
  return Object.fromEntries(Object.keys(pids).map((name) => [name, value(name)]));
}
