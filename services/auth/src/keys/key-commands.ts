import { auditRows, INSERT_AUDIT_EVENTS } from "@medconnect/platform/audit/audit-store.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { KEPT_FOR_MS } from "@medconnect/platform/identity/issuer-keys.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import { insertRevocations } from "../revocations/revocation-store.ts";
import { isGenuine, withProof } from "./key-proof.ts";
import { currentKey, isReady, nextKey } from "./signing-key-rules.ts";
import { listLastKeys, lockSigningKeys, type SigningKey, saveSigningKey } from "./signing-key-store.ts";

const LISTED = 50;

interface Outside {
  db: Database;
  cipher: FieldCipher;
  clock: Clock;
}

/** The last fifty keys, newest first, a line each: id, generation, and what it is there for. */
export async function listKeys({ db, cipher, clock }: Outside): Promise<string> {
  const now = clock.now();
  const keys = await listLastKeys(db, LISTED);
  const isOwn = (key: SigningKey) => isGenuine(cipher, key);
  const current = currentKey(keys.filter(isOwn), now);
  const stateAt = (key: SigningKey) =>
    isOwn(key) ? stateOf(key, current, now) : "refused: auth did not write it";
  return keys.map((key) => `${key.kid}  ${key.generation}  ${stateAt(key)}`).join("\n");
}

function stateOf(key: SigningKey, current: SigningKey | undefined, now: Date): string {
  if (key === current) return `signs since ${key.activateTime!.toISOString()}`;
  if (key.retireTime && key.retireTime <= now) return `retired ${key.retireTime.toISOString()}`;
  if (key.retireTime) return `verifies until ${key.retireTime.toISOString()}`;
  if (key.activateTime) return "verifies";
  return isReady(key, now) ? "next, ready" : `next, ready from ${key.readyTime!.toISOString()}`;
}

/**
 * Lets the next key take over. What the old one signed stays good; auth makes another next key within a minute.
 *
 * @param when "ready": only if every verifier knows the next key by now; "now": in any case
 * @returns a line that says what was done. Throws where there is no next key, or it is not ready
 */
export async function rotateKey(outside: Outside, when: "ready" | "now"): Promise<string> {
  const now = outside.clock.now();
  return await outside.db.transaction(async (tx) => {
    const next = takeOver(tx, outside, ownKeys(outside, await lockSigningKeys(tx, now)), when);
    record(tx, "key.rotate", next.kid, now);
    return `${next.kid} signs now`;
  });
}

/**
 * Ends a key whose private part may be known to somebody. If it signs, the next one takes over at once. Tokens that it
 * signed are refused everywhere within five seconds.
 *
 * @returns a line that says what was done. Throws for a key that is not there, or without another to take over
 */
export async function revokeKey(outside: Outside, kid: string): Promise<string> {
  const now = outside.clock.now();
  return await outside.db.transaction(async (tx) => {
    const all = await lockSigningKeys(tx, now);
    const revoked = all.find((key) => key.kid === kid);
    if (!revoked) throw new Error(`there is no key ${kid} that is in use`);
    const keys = ownKeys(outside, all);
    const successor = kid === currentKey(keys, now)?.kid ? takeOver(tx, outside, keys, "now") : undefined;
    saveSigningKey(tx, withProof(outside.cipher, { ...revoked, privateKey: null, retireTime: now }));
    // For longer than any verifier keeps keys that it cannot fetch anew.
    insertRevocations(tx, [{ sessionId: kid, expireTime: new Date(now.getTime() + 2 * KEPT_FOR_MS) }]);
    record(tx, "key.revoke", kid, now);
    if (successor) record(tx, "key.rotate", successor.kid, now);
    return `${kid} is revoked${successor ? `; ${successor.kid} signs now` : ""}`;
  });
}

const ownKeys = ({ cipher }: Outside, keys: SigningKey[]): SigningKey[] =>
  keys.filter((key) => isGenuine(cipher, key));

function takeOver(
  tx: Transaction,
  { cipher, clock }: Outside,
  keys: SigningKey[],
  when: "ready" | "now",
): SigningKey {
  const now = clock.now();
  const next = nextKey(keys, now);
  if (!next) throw new Error("there is no next key yet; auth makes one within a minute, while it runs");
  if (when === "ready" && !isReady(next, now)) {
    throw new Error(
      `the next key is known to every verifier from ${next.readyTime!.toISOString()} on; --now does not wait`,
    );
  }
  saveSigningKey(tx, withProof(cipher, { ...next, activateTime: now }));
  return next;
}

function record(tx: Transaction, action: string, kid: string, now: Date): void {
  const line = {
    id: newId(),
    action,
    actorId: "command:keys",
    subjectIds: [],
    resource: `keys/${kid}`,
    outcome: "SUCCESS" as const,
    requestId: "",
    traceId: "",
    occurTime: now,
  };
  tx.defer(INSERT_AUDIT_EVENTS, [auditRows([line])]);
}
