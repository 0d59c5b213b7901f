import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { Schedule } from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { withDefaults } from "./schedule-rules.ts";

const DEFAULT_LENGTH_S = 30 * 60;

/** A doctor's schedule, and how far its slots are made. */
export interface StoredSchedule {
  /** The schedule, with its version and its time. */
  schedule: Schedule;
  version: number;
  /** Slots that begin before are those of this version. */
  slotsUntil: Date;
  /** Slots that begin from `slotsUntil` to here may be those of earlier versions. */
  staleUntil: Date;
}

interface Row extends Omit<StoredSchedule, "schedule"> {
  schedule: Schedule;
  updateTime: Date;
}

const COLUMNS = `s.schedule, s.version, s.update_time AS updateTime, s.slots_until AS slotsUntil,
  s.stale_until AS staleUntil`;

/**
 * Finds a doctor's schedule. A doctor without one has an empty schedule of version 0.
 *
 * @returns undefined if the doctor has no profile
 */
export async function findSchedule(
  db: Database,
  doctorId: string,
  now: Date,
): Promise<StoredSchedule | undefined> {
  const [row] = await db.read<({ timeZone: string } & Row) | { timeZone: string; schedule: null }>(
    `SELECT d.time_zone AS timeZone, ${COLUMNS} FROM doctors d LEFT JOIN schedules s ON s.doctor_id = d.id WHERE d.id = ?`,
    [binaryId(doctorId)],
  );
  if (!row) return undefined;
  return row.schedule === null ? emptySchedule(row.timeZone, now) : scheduleOf(row);
}

const emptySchedule = (timeZone: string, now: Date): StoredSchedule => ({
  schedule: withDefaults(
    Schedule.fromPartial({ timeZone, slotLength: { seconds: DEFAULT_LENGTH_S }, etag: etagOf(0) }),
  ),
  version: 0,
  slotsUntil: now,
  staleUntil: now,
});

export async function lockSchedule(tx: Transaction, doctorId: string): Promise<StoredSchedule | undefined> {
  const [row] = await tx.lock<Row>(`SELECT ${COLUMNS} FROM schedules s WHERE doctor_id = ? FOR UPDATE`, [
    binaryId(doctorId),
  ]);
  return row && scheduleOf(row);
}

const scheduleOf = ({ schedule, version, updateTime, slotsUntil, staleUntil }: Row): StoredSchedule => ({
  schedule: Schedule.fromPartial({ ...schedule, updateTime, etag: etagOf(version) }),
  version,
  slotsUntil,
  staleUntil,
});

/** A schedule without its version and its time. */
export const contentOf = ({ etag: _etag, updateTime: _updateTime, ...content }: Schedule) => content;

/** Stores a new version of a schedule, whose slots are due from now on. */
export function replaceSchedule(
  tx: Transaction,
  doctorId: string,
  { schedule, version, slotsUntil, staleUntil }: StoredSchedule,
  now: Date,
): void {
  tx.defer(
    `INSERT INTO schedules (doctor_id, schedule, version, update_time, slots_until, stale_until, due_time, zone_rules)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) AS new ON DUPLICATE KEY UPDATE schedule = new.schedule, version = new.version,
       update_time = new.update_time, slots_until = new.slots_until, stale_until = new.stale_until, due_time = new.due_time, zone_rules = new.zone_rules`,
    [
      binaryId(doctorId),
      JSON.stringify(contentOf(schedule)),
      version,
      now,
      slotsUntil,
      staleUntil,
      slotsUntil,
      ZONE_RULES,
    ],
  );
}

/** Postpones the job for a doctor. */
export function postponeSlots(tx: Transaction, doctorId: string, dueTime: Date): void {
  tx.defer("UPDATE schedules SET due_time = ? WHERE doctor_id = ?", [dueTime, binaryId(doctorId)]);
}

/** SQL that has the job make slots again from a time on. Its parameters are the time, twice. */
const REMAKE = `UPDATE schedules SET stale_until = GREATEST(stale_until, slots_until),
  slots_until = LEAST(slots_until, ?), due_time = LEAST(due_time, ?)`;

/** Has the job make a doctor's slots again from a time on. */
export const remakeSlots = (tx: Transaction, doctorId: string, from: Date): void =>
  tx.defer(`${REMAKE} WHERE doctor_id = ?`, [from, from, binaryId(doctorId)]);

/** Version of the rules of time zones in this process, such as "2026c". */
const ZONE_RULES = process.versions.tz ?? "";
const RULES_AT_ONCE = 1000;

/** Has the job make all slots again that older rules of time zones made. */
export async function remakeForNewRules(db: Database, now: Date): Promise<void> {
  for (;;) {
    const { affectedRows } = await db.write(
      `${REMAKE}, zone_rules = ? WHERE zone_rules < ? ORDER BY zone_rules LIMIT ?`,
      [now, now, ZONE_RULES, ZONE_RULES, RULES_AT_ONCE],
    );
    if (affectedRows < RULES_AT_ONCE) return;
  }
}

/** Ids of the doctors whose slots are due, the most urgent first. */
export async function findDueSchedules(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    "SELECT doctor_id AS id FROM schedules WHERE due_time <= ? ORDER BY due_time LIMIT ?",
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** Notes how far a doctor's slots are made, and when the job has to go on. */
export function setSlotsUntil(tx: Transaction, doctorId: string, slotsUntil: Date, dueTime: Date): void {
  tx.defer("UPDATE schedules SET slots_until = ?, due_time = ? WHERE doctor_id = ?", [
    slotsUntil,
    dueTime,
    binaryId(doctorId),
  ]);
}
