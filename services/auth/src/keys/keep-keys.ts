import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { keyEntry } from "./key-entry.ts";
import { isGenuine, withProof } from "./key-proof.ts";
import { makeKey } from "./make-key.ts";
import { isIdle, type KeyPlan, planOf, type RotationSettings } from "./signing-key-rules.ts";
import {
  deletePrivateParts,
  insertSigningKeys,
  lastGeneration,
  listSigningKeys,
  lockSigningKeys,
  type SigningKey,
  saveSigningKey,
} from "./signing-key-store.ts";

export interface KeepKeysOptions extends RotationSettings {
  /** How long the next key is published before it may sign: longer than any verifier keeps the keys it has read. */
  publishAheadMs: number;
}

type App = Pick<Platform, "db" | "cipher" | "clock" | "transactions">;

/**
 * Does what is to be done about the keys: makes the first and the next one, lets the next one take over when it is time,
 * retires the old one, and deletes the private parts of those that have retired. Replicas may do it at once: one of
 * them does it.
 */
export const keepKeys = (app: App, options: KeepKeysOptions) => async (): Promise<void> => {
  const now = app.clock.now();
  await deletePrivateParts(app.db, now);
  // Most of the time there is nothing to do, and nothing to lock.
  const keys = ownKeys(app, await listSigningKeys(app.db, now));
  if (isIdle(planOf(keys, now, options))) return;
  try {
    await app.transactions.run("service:auth", (tx) => carryOut(tx, app, options, now));
  } catch (error) {
    // Another replica has made the key of this generation.
    if (duplicateKeyOf(error) !== "signing_keys.signing_keys_generation") throw error;
  }
};

/** Skips rows that auth did not write: they neither sign nor take part in the rotation. */
const ownKeys = ({ cipher }: Pick<App, "cipher">, keys: SigningKey[]): SigningKey[] =>
  keys.filter((key) => isGenuine(cipher, key));

async function carryOut(
  tx: Transaction,
  app: App,
  options: KeepKeysOptions,
  now: Date,
): Promise<AuditEntry[]> {
  // Read before the keys: of several processes that find a key missing, only one can make it.
  let generation = await lastGeneration(tx);
  const keys = ownKeys(app, await lockSigningKeys(tx, now));
  const plan = planOf(keys, now, options);
  const { activate, make } = plan;
  const made: SigningKey[] = [];
  if (make.current) {
    made.push(
      await makeKey(app.cipher, { generation: ++generation, readyTime: null, activateTime: now }, now),
    );
  }
  if (make.next) {
    const readyTime = new Date(now.getTime() + options.publishAheadMs);
    made.push(await makeKey(app.cipher, { generation: ++generation, readyTime, activateTime: null }, now));
  }
  if (made.length > 0) insertSigningKeys(tx, made);
  for (const key of changedBy(plan, keys, now)) saveSigningKey(tx, withProof(app.cipher, key));
  return [
    ...made.map(({ kid }) => keyEntry("key.create", kid)),
    ...(activate === undefined ? [] : [keyEntry("key.rotate", activate)]),
  ];
}

/** The keys that take over or retire by the plan, as they are then. */
function changedBy({ activate, retire }: KeyPlan, keys: SigningKey[], now: Date): SigningKey[] {
  return keys.flatMap((key) => {
    const retires = retire.find(({ kid }) => kid === key.kid);
    if (key.kid !== activate && !retires) return [];
    return {
      ...key,
      activateTime: key.kid === activate ? now : key.activateTime,
      retireTime: retires?.retireTime ?? key.retireTime,
    };
  });
}
