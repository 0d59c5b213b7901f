import { setTimeout as delay } from "node:timers/promises";
import type { Crowd } from "../crowd.ts";
import type { System } from "../system.ts";
import { unacknowledgedBookings } from "./acknowledged-bookings.ts";
import { unacknowledgedCloses } from "./acknowledged-closes.ts";
import { unacknowledgedConsultations } from "./acknowledged-consultations.ts";
import { unacknowledgedJoins } from "./acknowledged-joins.ts";
import { unacknowledgedLicenses } from "./acknowledged-licenses.ts";
import { unacknowledgedRefunds } from "./acknowledged-refunds.ts";
import { ALWAYS } from "./always.ts";
import { contradictionsOutside } from "./outside.ts";
import { Schemas } from "./schemas.ts";
import { SETTLED } from "./settled.ts";

const POLL_MS = 250;
const WATCH_MS = 500;
/**
 * Maximum time until all events are processed. It is longer than the longest lease (10 s). After its lease, a
 * failed event is tried again.
 */
export const SETTLE_TIMEOUT_MS = 40_000;

const LET_DOWN = `SELECT COUNT(*) AS letDown FROM clinical.consultations
  WHERE status = 'NO_SHOW' AND transitioned_by = 'SERVICE' AND no_show_party = 'DOCTOR'`;

export interface Verdict {
  /** Time until all events were processed, in ms. */
  settledMs: number;
  /** Number of no-shows of doctors that the system has recorded by itself since the run began. */
  letDown: number;
  violations: string[];
}

/** Waits until all events are processed, then checks all invariants. */
export async function evaluate(system: System, crowd: Crowd): Promise<Verdict> {
  const begin = Date.now();
  const schemas = await Schemas.open(system.stack.urls.mysql);
  try {
    let broken = await schemas.broken(SETTLED);
    while (broken.length > 0 && Date.now() - begin < SETTLE_TIMEOUT_MS) {
      await delay(POLL_MS);
      broken = await schemas.broken(SETTLED);
    }
    const settledMs = Date.now() - begin;
    const violations = [
      ...broken,
      ...(await schemas.broken(ALWAYS)),
      ...(await acknowledgedButLost(schemas, crowd)),
      ...(await contradictionsOutside(system, crowd.bookingHolders, crowd.doctors)),
    ];
    const [{ letDown }] = (await schemas.rows(LET_DOWN)) as [{ letDown: number }];
    return { settledMs, letDown, violations };
  } finally {
    await schemas.close();
  }
}

/** Finds acknowledged changes that the schemas lack or contradict. */
export async function acknowledgedButLost(schemas: Schemas, crowd: Crowd): Promise<string[]> {
  return [
    ...(await unacknowledgedBookings(schemas, crowd.bookingHolders, crowd.doctors, crowd.registrar)),
    ...(await unacknowledgedConsultations(schemas, crowd.doctors)),
    ...(await unacknowledgedJoins(schemas, crowd.bookingHolders)),
    ...(await unacknowledgedRefunds(schemas, crowd.refundingAdmin)),
    ...(await unacknowledgedCloses(schemas, crowd.refundingAdmin)),
    ...(await unacknowledgedLicenses(schemas, crowd.registrar, crowd.doctors)),
  ];
}

/** Checks the invariants in `ALWAYS` repeatedly during `work`. @returns the violations */
export async function watch(system: System, work: () => Promise<void>): Promise<string[]> {
  const seen = new Set<string>();
  const working = new AbortController();
  const watching = look(system, seen, working.signal);
  try {
    await work();
  } finally {
    working.abort();
    await watching;
  }
  return [...seen];
}

async function look(system: System, seen: Set<string>, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    try {
      const schemas = await Schemas.open(system.stack.urls.mysql);
      for (const line of await schemas.broken(ALWAYS)) seen.add(`meanwhile, ${line}`);
      await schemas.close();
    } catch {
      // Ignored, because the scenario may have stopped the database.
    }
    await delay(WATCH_MS);
  }
}
