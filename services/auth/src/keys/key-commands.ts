import type { AuditedTransactions } from "@medconnect/platform/changes/audited-transactions.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { KEPT_FOR_MS } from "@medconnect/platform/identity/issuer-keys.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import { insertRevocations } from "../revocations/revocation-store.ts";
import { keyEntry } from "./key-entry.ts";
import { isGenuine, withProof } from "./key-proof.ts";
import { currentKey, isReady, nextKey } from "./signing-key-rules.ts";
import { listLastKeys, lockSigningKeys, type SigningKey, saveSigningKey } from "./signing-key-store.ts";

const ACTOR = "command:keys";
const LISTED = 50;
/** Characters of a key id: a SHA-256 digest in base64url. */
const KID_LENGTH = 43;

/** Dependencies of an operator's command, which runs outside of the service. */
interface CommandContext {
  db: Database;
  cipher: FieldCipher;
  clock: Clock;
  transactions: AuditedTransactions;
}

/** Lists the newest fifty keys, one per line: id, generation and state, below a heading. */
export async function listKeys({ db, cipher, clock }: CommandContext): Promise<string> {
  const now = clock.now();
  const keys = await listLastKeys(db, LISTED);
  const isOwn = (key: SigningKey) => isGenuine(cipher, key);
  const current = currentKey(keys.filter(isOwn), now);
  const stateAt = (key: SigningKey) =>
    isOwn(key) ? stateOf(key, current, now) : "refused: auth did not write it";
  const lines = keys.map((key) => `${key.kid}  ${String(key.generation).padStart(10)}  ${stateAt(key)}`);
  return [`${"ID".padEnd(KID_LENGTH)}  GENERATION  STATE`, ...lines].join("\n");
}

function stateOf(key: SigningKey, current: SigningKey | undefined, now: Date): string {
  const { readyTime, activateTime, retireTime } = key;
  if (key === current) return `signs since ${activateTime?.toISOString()}`;
  if (retireTime && retireTime <= now) return `retired ${retireTime.toISOString()}`;
  if (retireTime) return `verifies until ${retireTime.toISOString()}`;
  if (activateTime) return "verifies";
  return isReady(key, now) ? "next, ready" : `next, ready from ${readyTime?.toISOString()}`;
}

/**
 * Activates the next key. Tokens of the replaced key stay valid, and auth makes a new next key within a
 * minute.
 *
 * @param when "ready" rotates only if every verifier knows the next key; "now" rotates in any case
 * @returns a line for the operator
 * @throws if there is no next key, or if `when` is "ready" and a verifier may not know the next key yet
 */
export async function rotateKey(context: CommandContext, when: "ready" | "now"): Promise<string> {
  const now = context.clock.now();
  let message = "";
  await context.transactions.run(ACTOR, async (tx) => {
    const next = takeOver(tx, context, ownKeys(context, await lockSigningKeys(tx, now)), when);
    message = `${next.kid} signs now`;
    return [keyEntry("key.rotate", next.kid)];
  });
  return message;
}

/**
 * Revokes a compromised key. If it is the current signing key, the next key replaces it at once. All services
 * refuse the tokens of the revoked key within five seconds.
 *
 * @returns a line for the operator
 * @throws if the key is unknown, or if it is the current signing key and there is no next key
 */
export async function revokeKey(context: CommandContext, kid: string): Promise<string> {
  const now = context.clock.now();
  let message = "";
  await context.transactions.run(ACTOR, async (tx) => {
    const all = await lockSigningKeys(tx, now);
    const revoked = all.find((key) => key.kid === kid);
    if (!revoked) throw new Error(`no key in use has the id "${kid}"`);
    const keys = ownKeys(context, all);
    const successor = kid === currentKey(keys, now)?.kid ? takeOver(tx, context, keys, "now") : undefined;
    saveSigningKey(tx, withProof(context.cipher, { ...revoked, privateKey: null, retireTime: now }));
    // A verifier that cannot fetch keys goes on using its cached keys for `KEPT_FOR_MS`. The revocation lasts
    // twice as long.
    insertRevocations(tx, [{ sessionId: kid, expireTime: new Date(now.getTime() + 2 * KEPT_FOR_MS) }]);
    message = `${kid} is revoked${successor ? `; ${successor.kid} signs now` : ""}`;
    return [keyEntry("key.revoke", kid), ...(successor ? [keyEntry("key.rotate", successor.kid)] : [])];
  });
  return message;
}

const ownKeys = ({ cipher }: CommandContext, keys: SigningKey[]): SigningKey[] =>
  keys.filter((key) => isGenuine(cipher, key));

function takeOver(
  tx: Transaction,
  { cipher, clock }: CommandContext,
  keys: SigningKey[],
  when: "ready" | "now",
): SigningKey {
  const now = clock.now();
  const next = nextKey(keys, now);
  if (!next) throw new Error("there is no next key yet; a running auth makes one within a minute");
  if (when === "ready" && !isReady(next, now)) {
    throw new Error(
      `every verifier knows the next key from ${next.readyTime?.toISOString()} on; --now does not wait`,
    );
  }
  saveSigningKey(tx, withProof(cipher, { ...next, activateTime: now }));
  return next;
}
