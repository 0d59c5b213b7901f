import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { UserState } from "@medconnect/proto/medconnect/events/v1/events.ts";

/** A copy of an account. */
export interface Person {
  user_id: string;
  /** Empty where auth has not told. */
  full_name: string;
  disabled: number;
  /** ISO 3166; empty if unknown. */
  region: string;
}

/**
 * Locks the copy of an account: the account's next event waits for the commit, and then finds what was made, as does whoever
 * else locks it. Makes the row of an account that auth has not told of yet, as there would be nothing to lock.
 */
export function guardPerson(tx: Transaction, userId: string): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled) VALUES (?, '', FALSE)
     ON DUPLICATE KEY UPDATE user_id = people.user_id`,
    [binaryId(userId)],
  );
}

/** As `guardPerson`, for the patients of bookings; before the bookings are locked. */
export function guardPatientsOf(tx: Transaction, bookingIds: string[]): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled)
       SELECT DISTINCT b.patient_id, '', FALSE FROM bookings b WHERE b.id IN (?) ORDER BY b.patient_id
     ON DUPLICATE KEY UPDATE user_id = people.user_id`,
    [bookingIds.map(binaryId)],
  );
}

/** As `guardPerson`, for a change that copies from the account. @returns the full name; empty where auth has not told */
export async function lockPerson(tx: Transaction, userId: string): Promise<string> {
  guardPerson(tx, userId);
  const [person] = await tx.read<{ full_name: string }>("SELECT full_name FROM people WHERE user_id = ?", [
    binaryId(userId),
  ]);
  return person!.full_name;
}

/** Locks the accounts that are there, in the global lock order. @returns them by id */
export async function lockPeople(tx: Transaction, userIds: string[]): Promise<Map<string, Person>> {
  const people = await tx.lock<Person>(
    "SELECT user_id, full_name, disabled, region FROM people WHERE user_id IN (?) ORDER BY user_id FOR UPDATE",
    [userIds.map(binaryId)],
  );
  return new Map(people.map((person) => [person.user_id, person]));
}

/** Locks the copies of the patients of bookings that are there, in the global lock order. @returns them by id */
export async function lockPatientsOf(tx: Transaction, bookingIds: string[]): Promise<Map<string, Person>> {
  const people = await tx.lock<Person>(
    `SELECT p.user_id, p.full_name, p.disabled, p.region
     FROM (SELECT DISTINCT patient_id FROM bookings WHERE id IN (?) ORDER BY patient_id LIMIT ?) b
     STRAIGHT_JOIN people p ON p.user_id = b.patient_id FOR UPDATE OF p`,
    [bookingIds.map(binaryId), bookingIds.length],
  );
  return new Map(people.map((person) => [person.user_id, person]));
}

/** Stores the state of accounts from auth, and locks the rows like `lockPerson`. */
export function savePeople(
  tx: Transaction,
  people: (Pick<UserState, "fullName" | "disabled" | "region"> & { userId: string })[],
): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled, region) VALUES ? AS new
     ON DUPLICATE KEY UPDATE full_name = new.full_name, disabled = new.disabled, region = new.region,
       bookings_ending = people.bookings_ending AND new.disabled`,
    [people.map(({ userId, fullName, disabled, region }) => [binaryId(userId), fullName, disabled, region])],
  );
}

/** Has the sweep cancel the bookings of a disabled patient. */
export function noteEndingBookings(tx: Transaction, patientId: string): void {
  tx.defer("UPDATE people SET bookings_ending = TRUE WHERE user_id = ?", [binaryId(patientId)]);
}

const AHEAD =
  "b.patient_id = p.user_id AND b.start_time > ? AND b.status IN ('PENDING_PAYMENT', 'CONFIRMED')";

/** Future bookings of disabled patients that are to be cancelled, the earliest first. */
export async function findEndingBookings(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT b.id FROM people p JOIN bookings b ON ${AHEAD} WHERE p.bookings_ending ORDER BY b.start_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** True if a booking's patient is disabled. Locks the account, so that the result stays valid. */
export async function hasDisabledPatient(tx: Transaction, bookingId: string): Promise<boolean> {
  const rows = await tx.read(
    `SELECT 1 FROM people p WHERE p.user_id = (SELECT b.patient_id FROM bookings b WHERE b.id = ?) AND p.disabled
     FOR UPDATE`,
    [binaryId(bookingId)],
  );
  return rows.length > 0;
}

/** Unmarks patients without a booking left to cancel. */
export async function endingIsDone(db: Database, now: Date): Promise<void> {
  await db.write(
    `UPDATE people p SET p.bookings_ending = FALSE
     WHERE p.bookings_ending AND NOT EXISTS (SELECT 1 FROM bookings b WHERE ${AHEAD})`,
    [now],
  );
}
