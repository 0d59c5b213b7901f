import type { Trail } from "@medconnect/platform/changes.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { makeKey } from "./make-key.ts";
import { isIdle, planOf, type RotationSettings } from "./signing-key-rules.ts";
import {
  activateSigningKey,
  deletePrivateParts,
  insertSigningKeys,
  lastGeneration,
  listSigningKeys,
  lockSigningKeys,
  retireSigningKey,
  type SigningKey,
} from "./signing-key-store.ts";

export interface KeepKeysOptions extends RotationSettings {
  /** How long the next key is published before it may sign: longer than any verifier keeps the keys it has read. */
  publishAheadMs: number;
}

type App = Pick<Platform, "db" | "box" | "clock" | "changes">;

/**
 * Does what is to be done about the keys: makes the first and the next one, lets the next one take over when it is time,
 * retires the old one, and deletes the private parts of those that have retired. Replicas may do it at once: one of
 * them does it.
 */
export const keepKeys = (app: App, options: KeepKeysOptions) => async (): Promise<void> => {
  const now = app.clock.now();
  await deletePrivateParts(app.db, now);
  // Most of the time there is nothing to do, and nothing to lock.
  if (isIdle(planOf(await listSigningKeys(app.db, now), now, options))) return;
  try {
    await app.changes.applyInternally("service:auth", (tx) => carryOut(tx, app, options, now));
  } catch (error) {
    // Another replica has made the key of this generation.
    if (duplicateKeyOf(error) !== "signing_keys.signing_keys_generation") throw error;
  }
};

async function carryOut(
  tx: Transaction,
  { box }: App,
  options: KeepKeysOptions,
  now: Date,
): Promise<Trail[]> {
  // Read before the keys, so that of those who find that one is missing a single one can make it.
  let generation = await lastGeneration(tx);
  const { activate, retire, make } = planOf(await lockSigningKeys(tx, now), now, options);
  const made: SigningKey[] = [];
  if (make.current) {
    made.push(await makeKey(box, { generation: ++generation, readyTime: null, activateTime: now }, now));
  }
  if (make.next) {
    const readyTime = new Date(now.getTime() + options.publishAheadMs);
    made.push(await makeKey(box, { generation: ++generation, readyTime, activateTime: null }, now));
  }
  if (made.length > 0) insertSigningKeys(tx, made);
  if (activate !== undefined) activateSigningKey(tx, activate, now);
  for (const { kid, retireTime } of retire) retireSigningKey(tx, kid, retireTime);
  return [
    ...made.map(({ kid }) => keyTrail("key.create", kid)),
    ...(activate === undefined ? [] : [keyTrail("key.rotate", activate)]),
  ];
}

export const keyTrail = (action: string, kid: string): Trail => ({
  action,
  resource: `keys/${kid}`,
  subjectIds: [],
});
