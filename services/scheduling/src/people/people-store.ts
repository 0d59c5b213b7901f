import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { UserState } from "@medconnect/proto/medconnect/events/v1/events.ts";

/** Scheduling's copy of a user account, built from auth's events. */
export interface Person {
  userId: string;
  /** Empty until auth's first event about the account. */
  fullName: string;
  disabled: boolean;
  /** ISO 3166; empty if unknown. */
  region: string;
}

/**
 * Locks the copy of an account until the commit. The handler of the account's next event waits for the
 * commit, and then sees the changes of this transaction. If auth has not sent any event about the account
 * yet, inserts an empty copy, because a missing row cannot be locked.
 */
export function guardPerson(tx: Transaction, userId: string): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled) VALUES (?, '', FALSE)
     ON DUPLICATE KEY UPDATE user_id = people.user_id`,
    [binaryId(userId)],
  );
}

/**
 * Locks the account copies of the patients of bookings until the commit, and inserts empty copies for missing
 * ones. Call this function before the bookings are locked.
 */
export function guardPatientsOf(tx: Transaction, bookingIds: string[]): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled)
       SELECT DISTINCT b.patient_id, '', FALSE FROM bookings b WHERE b.id IN (?) ORDER BY b.patient_id
     ON DUPLICATE KEY UPDATE user_id = people.user_id`,
    [bookingIds.map(binaryId)],
  );
}

/**
 * Locks the copy of an account until the commit, and inserts an empty copy if there is none.
 *
 * @returns the full name; empty until auth's first event about the account
 */
export async function lockPerson(tx: Transaction, userId: string): Promise<string> {
  guardPerson(tx, userId);
  const [person] = await tx.read<{ fullName: string }>(
    "SELECT full_name AS fullName FROM people WHERE user_id = ?",
    [binaryId(userId)],
  );
  // biome-ignore lint/style/noNonNullAssertion: `guardPerson` inserts a missing row
  return person!.fullName;
}

/**
 * Locks the existing copies of accounts until the commit. Every transaction locks them in the order of their
 * ids.
 *
 * @returns the copies by user id
 */
export async function lockPeople(tx: Transaction, userIds: string[]): Promise<Map<string, Person>> {
  const rows = await tx.lock<Person>(
    "SELECT user_id AS userId, full_name AS fullName, disabled, region FROM people WHERE user_id IN (?) ORDER BY user_id FOR UPDATE",
    [userIds.map(binaryId)],
  );
  return new Map(withBooleans(rows, ["disabled"]).map((person) => [person.userId, person]));
}

/**
 * Locks the existing account copies of the patients of bookings, in the order of the user ids.
 *
 * @returns the copies by user id
 */
export async function lockPatientsOf(tx: Transaction, bookingIds: string[]): Promise<Map<string, Person>> {
  const rows = await tx.lock<Person>(
    `SELECT p.user_id AS userId, p.full_name AS fullName, p.disabled, p.region
     FROM (SELECT DISTINCT patient_id FROM bookings WHERE id IN (?) ORDER BY patient_id LIMIT ?) b
     STRAIGHT_JOIN people p ON p.user_id = b.patient_id FOR UPDATE OF p`,
    [bookingIds.map(binaryId), bookingIds.length],
  );
  return new Map(withBooleans(rows, ["disabled"]).map((person) => [person.userId, person]));
}

/** Stores the state of accounts from auth's events. The written rows stay locked until the commit. */
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

/** Region of a user's profile, ISO 3166; undefined if unknown. */
export async function findRegion(db: Database, userId: string): Promise<string | undefined> {
  const [person] = await db.read<{ region: string }>("SELECT region FROM people WHERE user_id = ?", [
    binaryId(userId),
  ]);
  return person?.region || undefined;
}
