import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { provision, SERVICES, type Service } from "./provision.ts";

/** Columns of bytes that are not sealed under DATA_KEY, and why that is right. */
const NOT_SEALED: Record<string, string> = {
  "outbox.payload": "an event: ids, times and states, never free text",
  "outbox.mac": "a keyed hash",
  "idempotency_keys.id": "a keyed hash",
  "failure_counters.id": "a keyed hash",
  "idempotency_keys.request_hmac": "a keyed hash",
  "audit_seals.hmac": "a keyed hash",
  "audit_checkpoints.hmac": "a keyed hash",
  "audit_acknowledgements.hmac": "a keyed hash",
  "refresh_tokens.token_hash": "the hash of 256 random bits",
  "refresh_tokens.use_key": "a hash that is kept for seconds",
  "refresh_tokens.successor": "sealed under a key that only the token before it gives",
  "mfa_recovery_codes.code_hash": "the hash of a random code",
  "link_tokens.token_hash": "the hash of 256 random bits",
  "registrations.token_hash": "the hash of 256 random bits",
  "service_account_secrets.secret_hash": "the hash of 256 random bits",
  "users.account_proof": "a keyed hash",
  "users.password_proof": "a keyed hash",
  "refresh_tokens.proof": "a keyed hash",
  "link_tokens.proof": "a keyed hash",
  "registrations.proof": "a keyed hash",
  "mfa_recovery_codes.proof": "a keyed hash",
  "service_account_secrets.proof": "a keyed hash",
  "doctors.name_key": "a public name, folded",
  "doctors.specialty_key": "a public specialty, folded",
  "doctors.text_hash": "the hash of a public profile",
  "doctors.indexed_hash": "the hash of a public profile",
  "doctor_words.word": "a word of a public profile, folded",
  "payment_attempts.key_id": "an idempotency key's id",
  "refunds.key_id": "an idempotency key's id",
};

const ROOT = join(import.meta.dirname, "..");
const adminUrl = process.env.MYSQL_URL!;
const prefix = `s${process.pid}_`;
const passwords = { auth: "a", scheduling: "s", clinical: "c", billing: "b" };

interface Column {
  service: string;
  name: string;
  isSealed: boolean;
  primaryKey: string;
}

let admin: Connection;
let columns: Column[];

beforeAll(async () => {
  await provision({ adminUrl, prefix, passwords });
  admin = await createConnection(adminUrl);
  columns = await bytesColumns();
});

afterAll(async () => {
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

/** Every column that holds bytes: what is sealed can be nothing else. */
async function bytesColumns(): Promise<Column[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT c.TABLE_SCHEMA AS s, c.TABLE_NAME AS t, c.COLUMN_NAME AS name, c.COLUMN_COMMENT AS comment,
       GROUP_CONCAT(k.COLUMN_NAME) AS primaryKey
     FROM information_schema.COLUMNS c
     JOIN information_schema.COLUMNS k
       ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_KEY = 'PRI'
     WHERE c.TABLE_SCHEMA IN (?) AND (c.DATA_TYPE LIKE '%binary' OR c.DATA_TYPE LIKE '%blob')
     GROUP BY s, t, name, comment`,
    [SERVICES.map((service) => prefix + service)],
  );
  return rows.map(({ s, t, name, comment, primaryKey }) => ({
    service: s.slice(prefix.length),
    name: `${t}.${name}`,
    isSealed: comment.startsWith("sealed"),
    primaryKey,
  }));
}

const sealed = (): Column[] => columns.filter(({ isSealed }) => isSealed);
const fullName = ({ service, name }: Column): string => `${service}: ${name}`;

/** Whether the service's own user may write a column. */
async function isWritable({ service, name }: Column): Promise<boolean> {
  const [table, column] = name.split(".");
  const url = new URL(adminUrl);
  const account = `${prefix}${service}:${passwords[service as Service]}`;
  const connection = await createConnection(`mysql://${account}@${url.host}/${prefix}${service}`);
  try {
    await connection.query("UPDATE ?? SET ?? = ?? WHERE FALSE", [table, column, column]);
    return true;
  } catch {
    return false;
  } finally {
    await connection.end();
  }
}

/** All of a service's own code and the platform's, tests left out. */
async function sourceOf(service: string): Promise<string> {
  const texts: string[] = [];
  for (const folder of [`services/${service}/src`, "platform"]) {
    for (const file of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts") || file.includes("node_modules")) continue;
      texts.push(await readFile(join(ROOT, folder, file), "utf8"));
    }
  }
  return texts.join("\n");
}

/** Fails with one line for each column, and with what to do about them. */
function expectNone(odd: Column[], whatToDo: string): void {
  expect(odd.length === 0 ? "" : `${odd.map(fullName).join("\n")}\n${whatToDo}`).toBe("");
}

test("every column of bytes is declared sealed, or is known not to be", () => {
  expectNone(
    columns.filter(({ isSealed, name }) => !isSealed && !(name in NOT_SEALED)),
    `If it is sealed by the service's SealedBox, begin its COMMENT in the migration with "sealed": npm run rekey goes
     by that. If it is a hash or the like, add it to NOT_SEALED in this test, with the reason.`,
  );
  expect(sealed().length).toBeGreaterThan(12);
});

test("nothing is called sealed and not sealed at once, and what is not sealed is there", () => {
  const notSealed = columns.filter(({ name }) => name in NOT_SEALED);
  expectNone(
    notSealed.filter(({ isSealed }) => isSealed),
    "Take it out of NOT_SEALED.",
  );
  expect([...new Set(notSealed.map(({ name }) => name))].sort()).toEqual(Object.keys(NOT_SEALED).sort());
});

test("every sealed column is bound to its table, column and row, as npm run rekey expects it", async () => {
  const sources = new Map<string, string>();
  for (const service of SERVICES) sources.set(service, await sourceOf(service));
  expectNone(
    sealed().filter(({ service, name }) => !sources.get(service)!.includes(`\`${name}:\${`)),
    "Seal it for the place {table}.{column}:{primary key}, written as one template; a binary key in hex.",
  );
});

test("every sealed column can be sealed anew: its row is found by one column, and it may be changed", async () => {
  expectNone(
    sealed().filter(({ primaryKey }) => primaryKey.includes(",")),
    "Give the table a primary key of one column: npm run rekey goes by it.",
  );
  const fixed: Column[] = [];
  for (const column of sealed()) if (!(await isWritable(column))) fixed.push(column);
  expectNone(
    fixed,
    "Give the service the right to change it: what is sealed in it would need the old key for ever.",
  );
});
