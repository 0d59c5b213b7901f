import { setTimeout as delay } from "node:timers/promises";
import type { Load } from "./load/load.ts";
import type { Workload } from "./load/tasks.ts";
import { cpuMicros } from "./proc.ts";
import type { System } from "./systems.ts";

/** CPU time of each process, in µs, by its name. */
export type Cost = Record<string, number>;

/** Results of one load on one system, which lasts for some seconds. */
export interface Sample {
  /** Number of successful operations. A booking counts only if its consultation existed after the load. */
  operations: number;
  /** Number of bookings whose consultation did not exist after the load. */
  incomplete: number;
  /** Operations per second. */
  rate: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time per operation, in µs. */
  cost: Cost;
  totalCost: number;
}

/**
 * Pause after the load, in which services process the events of the last bookings. An event arrives within
 * 250 ms. Otherwise it is sent again within a second.
 */
const SETTLE_MS = 1500;
/** Pause before the CPU time without load is measured. */
const REST_MS = 3000;
const IDLE_MS = 3000;
const IDLE_WINDOWS = 3;

/**
 * Measures the CPU time per second without load, in µs. Returns the lowest of several measurements. Higher
 * ones may include MySQL's deletion of rows of an earlier load, which must not be subtracted from the cost of
 * later loads.
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
  /** CPU time of the system without load, in µs per second. */
  idle: Cost;
}

/** Loads one system and measures it. The cost of bookings includes events processed after the responses. */
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
