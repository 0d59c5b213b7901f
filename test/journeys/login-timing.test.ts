import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { passwordProof } from "@medconnect/auth/src/accounts/account-proofs.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { networkOf } from "@medconnect/platform/network/client-network.ts";
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { type Account, PASSWORD, signUp } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { authDataKeyOf, sharedStack } from "../support/stack.ts";

const TRIES = 60;
/** Failed logins per account. An account is locked after five, so the test uses fewer. */
const TRIES_AN_ACCOUNT = 4;
/** Maximum ratio of the highest to the lowest median latency of the kinds of refused logins. */
const BOUND = 1.1;
/**
 * Maximum number of rounds. The test passes as soon as the ratio in one round is below `BOUND`. Other load
 * may distort some rounds, but a real difference shows in every round.
 */
const ROUNDS = 8;
const TIMEOUT_MS = 600_000;

const KINDS = ["unknown", "wrong", "locked", "disabled"] as const;
type Kind = (typeof KINDS)[number];

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let admin: Connection;
let template: Account;
let locked: Account;
/** Computes the stored hash of a password, with auth's key. */
let hash: KeyedHash;

beforeAll(async () => {
  admin = await createConnection({ uri: stack.urls.mysql, database: "medconnect_auth" });
  const key = Buffer.from(authDataKeyOf(stack), "base64");
  const url = new URL(stack.urls.mysql);
  url.pathname = "medconnect_auth";
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: 10_000 });
  hash = await openKeyedHash(db, new FieldCipher(key));
  await db.close();
  [template, locked] = [await signUp(api, "PATIENT"), await signUp(api, "PATIENT")];
});
afterAll(() => admin.end());

/** Copies the template account in the database, because that is faster than a registration. */
async function copyTemplate(status: "ACTIVE" | "DISABLED"): Promise<string> {
  const [id, email] = [randomUUID(), `copy-${randomUUID()}@example.org`];
  const [rows] = await admin.query<RowDataPacket[]>("SELECT password_hash FROM users WHERE id = ?", [
    binaryId(template.id),
  ]);
  await admin.query(
    `INSERT INTO users
       (id, email, password_hash, password_set_time, full_name, role, status, create_time, password_proof)
     SELECT ?, ?, password_hash, password_set_time, full_name, role, ?, create_time, ? FROM users WHERE id = ?`,
    [binaryId(id), email, status, passwordProof(hash, id, rows[0]!.password_hash), binaryId(template.id)],
  );
  return email;
}

/** Measures the latency of a refused login in ms. Repeats the login after a 503 from a busy machine. */
async function time(email: string, password: string): Promise<number> {
  let [status, ms] = [503, 0];
  while (status === 503) {
    const startMs = performance.now();
    ({ status } = await api.send("POST /v1/auth/login", { body: { email, password } }));
    ms = performance.now() - startMs;
  }
  expect(status).toBe(401);
  return ms;
}

/**
 * Measures the median latency of each kind of refused login. The kinds take turns, so that changes of the
 * machine's speed affect all kinds alike.
 */
async function measure(): Promise<Record<Kind, number>> {
  const times: Record<Kind, number[]> = { unknown: [], wrong: [], locked: [], disabled: [] };
  let [wrong, disabled] = ["", ""];
  for (let i = 0; i < TRIES; i++) {
    if (i % TRIES_AN_ACCOUNT === 0) {
      [wrong, disabled] = [await copyTemplate("ACTIVE"), await copyTemplate("DISABLED")];
    }
    const tries: Record<Kind, [string, string]> = {
      unknown: [`${randomUUID()}@example.org`, PASSWORD],
      wrong: [wrong, "another long passphrase"],
      locked: [locked.email, PASSWORD],
      disabled: [disabled, PASSWORD],
    };
    // Each pass starts with a different kind. Otherwise one kind would always get the first call after a
    // pause, which takes longer.
    for (let turn = 0; turn < KINDS.length; turn++) {
      const kind = KINDS[(turn + i) % KINDS.length]!;
      times[kind].push(await time(...tries[kind]));
    }
  }
  const medianOf = (kind: Kind) => times[kind].toSorted((a, b) => a - b)[TRIES / 2]!;
  return Object.fromEntries(KINDS.map((kind) => [kind, medianOf(kind)])) as Record<Kind, number>;
}

/** Locks the account with five failed logins. Then makes the lock longer than the measurement. */
async function lock(): Promise<void> {
  for (let i = 0; i < 5; i++) await time(locked.email, "another long passphrase");
  const [{ affectedRows }] = await admin.query<ResultSetHeader>(
    `UPDATE failure_counters SET locked_until = locked_until + INTERVAL 1 HOUR,
       expire_time = expire_time + INTERVAL 1 HOUR WHERE id = ? AND locked_until IS NOT NULL`,
    [hash.of("password", locked.email, networkOf("127.0.0.1"))],
  );
  expect(affectedRows).toBe(1);
}

test(
  "the latency of a refused login does not distinguish unknown, wrong, locked and disabled",
  async () => {
    await lock();
    const ratios: number[] = [];
    while (ratios.length < ROUNDS && !ratios.some((ratio) => ratio <= BOUND)) {
      const found = await measure();
      const values = Object.values(found);
      ratios.push(Math.max(...values) / Math.min(...values));
      const text = KINDS.map((kind) => `${kind} ${found[kind].toFixed(2)} ms`).join(", ");
      process.stdout.write(`Median login of ${TRIES} tries: ${text}\n`);
    }
    expect(Math.min(...ratios)).toBeLessThanOrEqual(BOUND);
  },
  TIMEOUT_MS,
);
