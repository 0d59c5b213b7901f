import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Challenge } from "./challenge.ts";

export interface Totp {
  /** Shared secret, encrypted; see totp.ts. */
  readonly secret: Buffer;
  /** Time step (RFC 6238) of the last accepted code. */
  readonly lastStep: number;
  /** Time of the first right code, which activates the authenticator; null until then. */
  readonly activateTime: Date | null;
}

interface ChallengeRow extends Omit<Challenge, "remembered"> {
  /** 0 or 1. */
  readonly remembered: number;
}

export interface RecoveryCode {
  readonly hash: Buffer;
  readonly proof: Buffer;
}

/** Maximum number of attempts per challenge. */
const MAX_ATTEMPTS = 5;

const SAVE_PENDING = `INSERT INTO mfa_totp (user_id, secret) VALUES (?, ?) AS new
  ON DUPLICATE KEY UPDATE secret = new.secret`;
const LOCK_TOTP = `SELECT secret, last_step AS lastStep, activate_time AS activateTime FROM mfa_totp
  WHERE user_id = ? FOR UPDATE`;
const IS_ACTIVE = "SELECT user_id FROM mfa_totp WHERE user_id = ? AND activate_time IS NOT NULL";
const ACTIVATE = `UPDATE mfa_totp SET activate_time = ?, last_step = ?
  WHERE user_id = ? AND activate_time IS NULL`;
const CONSUME_STEP = `UPDATE mfa_totp SET last_step = ?
  WHERE user_id = ? AND last_step < ? AND activate_time IS NOT NULL`;
const DELETE_TOTP = "DELETE FROM mfa_totp WHERE user_id = ?";
const DELETE_CODES = "DELETE FROM mfa_recovery_codes WHERE user_id = ?";
const INSERT_CODES = "INSERT INTO mfa_recovery_codes (user_id, code_hash, proof) VALUES ?";
const CONSUME_CODE = "DELETE FROM mfa_recovery_codes WHERE user_id = ? AND code_hash = ? AND proof = ?";
const HAS_CODE = "SELECT 1 FROM mfa_recovery_codes WHERE user_id = ? AND code_hash = ?";
const INSERT_CHALLENGE =
  "INSERT INTO mfa_challenges (id, user_id, password_set_time, expire_time, remembered) VALUES (?, ?, ?, ?, ?)";
const COUNT_ATTEMPT = `UPDATE mfa_challenges SET attempts = attempts + 1
  WHERE id = ? AND user_id = ? AND attempts < ${MAX_ATTEMPTS} AND pass_time IS NULL AND expire_time > ?`;
const FIND_CHALLENGE = `SELECT id, user_id AS userId, password_set_time AS passwordSetTime, expire_time AS expireTime,
  remembered FROM mfa_challenges WHERE id = ?`;
const PASS_CHALLENGE = "UPDATE mfa_challenges SET pass_time = ? WHERE id = ?";
const DELETE_ALL_CHALLENGES = "DELETE FROM mfa_challenges";
const DELETE_EXPIRED_CHALLENGES = "DELETE FROM mfa_challenges WHERE expire_time <= ? LIMIT ?";

/**
 * Stores the secret of a new, pending authenticator. This overwrites the secret of an earlier authenticator,
 * even of an active one. The caller must therefore lock the row afterwards, and roll back if the
 * authenticator is active.
 */
export function savePendingTotp(tx: Transaction, userId: string, secret: Buffer): void {
  tx.defer(SAVE_PENDING, [binaryId(userId), secret]);
}

/** Locks a user's authenticator, pending or active, until the transaction ends. */
export async function lockTotp(tx: Transaction, userId: string): Promise<Totp | undefined> {
  const [totp] = await tx.read<Totp>(LOCK_TOTP, [binaryId(userId)]);
  return totp;
}

export async function isTotpActive(tx: Transaction, userId: string): Promise<boolean> {
  return (await tx.read(IS_ACTIVE, [binaryId(userId)])).length > 0;
}

/** @param step time step (RFC 6238) of the first code, which cannot be used again */
export function activateTotp(tx: Transaction, userId: string, step: number, now: Date): void {
  tx.defer(ACTIVATE, [now, step, binaryId(userId)]);
}

/** Consumes the code of a time step (RFC 6238). @returns false if this code or a later one was used before */
export async function consumeStep(tx: Transaction, userId: string, step: number): Promise<boolean> {
  return (await tx.write(CONSUME_STEP, [step, binaryId(userId), step])).affectedRows === 1;
}

/** Deletes a user's authenticator and recovery codes. */
export function deleteTotp(tx: Transaction, userId: string): void {
  tx.defer(DELETE_TOTP, [binaryId(userId)]);
  tx.defer(DELETE_CODES, [binaryId(userId)]);
}

export function replaceRecoveryCodes(tx: Transaction, userId: string, codes: RecoveryCode[]): void {
  tx.defer(DELETE_CODES, [binaryId(userId)]);
  tx.defer(INSERT_CODES, [codes.map(({ hash, proof }) => [binaryId(userId), hash, proof])]);
}

/** Consumes a recovery code. @returns true if the code was stored with this proof */
export async function consumeRecoveryCode(
  tx: Transaction,
  userId: string,
  { hash, proof }: RecoveryCode,
): Promise<boolean> {
  return (await tx.write(CONSUME_CODE, [binaryId(userId), hash, proof])).affectedRows === 1;
}

/** True if the user has this recovery code in the table, with or without a valid proof. */
export async function hasRecoveryCode(tx: Transaction, userId: string, hash: Buffer): Promise<boolean> {
  return (await tx.read(HAS_CODE, [binaryId(userId), hash])).length > 0;
}

export function insertChallenge(tx: Transaction, challenge: Challenge): void {
  const { id, userId, passwordSetTime, expireTime, remembered } = challenge;
  tx.defer(INSERT_CHALLENGE, [binaryId(id), binaryId(userId), passwordSetTime, expireTime, remembered]);
}

/**
 * Counts an attempt at a challenge before the factor is verified. So even with many concurrent guesses, only
 * five are verified.
 *
 * @returns undefined if the challenge is completed, used up, expired or unknown
 */
export async function countAttempt(
  tx: Transaction,
  { challengeId, userId }: { challengeId: string; userId: string },
  now: Date,
): Promise<Challenge | undefined> {
  const { affectedRows } = await tx.write(COUNT_ATTEMPT, [binaryId(challengeId), binaryId(userId), now]);
  if (affectedRows === 0) return undefined;
  const [row] = await tx.read<ChallengeRow>(FIND_CHALLENGE, [binaryId(challengeId)]);
  return row && { ...row, remembered: row.remembered === 1 };
}

export function passChallenge(tx: Transaction, id: string, now: Date): void {
  tx.defer(PASS_CHALLENGE, [now, binaryId(id)]);
}

export async function deleteExpiredChallenges(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED_CHALLENGES, [now], signal);
}

/** Deletes all logins that wait for their second factor. */
export function deleteAllChallenges(tx: Transaction): void {
  tx.defer(DELETE_ALL_CHALLENGES);
}
