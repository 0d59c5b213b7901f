import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { keyEntry } from "./key-entry.ts";
import { isGenuine, withProof } from "./key-proof.ts";
import { makeKey } from "./make-key.ts";
import { isIdle, type KeyPlan, planOf, type RotationSettings } from "./signing-key-rules.ts";
import {
  deletePrivateKeys,
  insertSigningKeys,
  lastGeneration,
  listSigningKeys,
  lockSigningKeys,
  type SigningKey,
  saveSigningKey,
} from "./signing-key-store.ts";

/** Actor of the changes that this service makes by itself, in the audit trail. */
const SERVICE_ACTOR = "service:auth";

export interface KeepKeysOptions extends RotationSettings {
  /**
   * Time in ms between the publication of a key and its first use. It is longer than the time for which
   * verifiers cache keys.
   */
  publishAheadMs: number;
}

type App = Pick<Platform, "db" | "cipher" | "clock" | "transactions">;

/**
 * Keeps the signing keys up to date. Makes the first key and the next key, activates the next key when it is
 * due, retires the replaced key, and deletes the private keys of retired keys. Replicas may run this job
 * concurrently; only one of them makes each change.
 */
export const keepKeys = (app: App, options: KeepKeysOptions) => async (): Promise<void> => {
  const now = app.clock.now();
  await deletePrivateKeys(app.db, now);
  // This check takes no locks, because usually no change is due.
  const keys = ownKeys(app, await listSigningKeys(app.db, now));
  if (isIdle(planOf(keys, now, options))) return;
  try {
    await app.transactions.run(SERVICE_ACTOR, (tx) => carryOut(tx, app, options, now));
  } catch (error) {
    // A duplicate generation is not a failure: another replica has made the key.
    if (duplicateKeyOf(error) !== "signing_keys.signing_keys_generation") throw error;
  }
};

/** Keeps only the keys that auth wrote. Forged keys neither sign nor take part in the rotation. */
const ownKeys = ({ cipher }: Pick<App, "cipher">, keys: SigningKey[]): SigningKey[] =>
  keys.filter((key) => isGenuine(cipher, key));

async function carryOut(
  tx: Transaction,
  app: App,
  options: KeepKeysOptions,
  now: Date,
): Promise<AuditEntry[]> {
  // The generation is read before the keys. Another process may make a key between the two reads. The key
  // made here then gets the same generation, and the unique index refuses the insert.
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

/** Keys that the plan activates or retires, with their new times. */
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
