import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { onOneServer, provision } from "../schemas/provision.ts";
import { ownersIn } from "./encrypted-column-store.ts";

/** Binary columns that are not encrypted with DATA_KEY, each with the reason. */
const NOT_ENCRYPTED: Record<string, string> = {
  "outbox.payload": "an event: ids, times and states, never free text",
  "outbox.mac": "a keyed hash",
  "break_glass_grants.proof": "a keyed hash",
  "payments.proof": "a keyed hash",
  "idempotency_keys.id": "a keyed hash",
  "failure_counters.id": "a keyed hash",
  "idempotency_keys.request_hmac": "a keyed hash",
  "audit_seals.hmac": "a keyed hash",
  "audit_checkpoints.hmac": "a keyed hash",
  "audit_acknowledgements.hmac": "a keyed hash",
  "refresh_tokens.token_hash": "the hash of 256 random bits",
  "refresh_tokens.use_key": "a hash that is kept for seconds",
  "refresh_tokens.successor": "encrypted under a key derived from the token before it",
  "mfa_recovery_codes.code_hash": "the hash of a random code",
  "link_tokens.token_hash": "the hash of 256 random bits",
  "registrations.token_hash": "the hash of 256 random bits",
  "service_account_secrets.secret_hash": "the hash of 256 random bits",
  "service_account_keys.proof": "a keyed hash",
  "used_assertions.id": "the hash of a client's id and an assertion's id",
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

const ROOT = join(import.meta.dirname, "../..");
const adminUrl = process.env.MYSQL_URL!;
const prefix = `s${process.pid}_`;
const passwords = { auth: "a", scheduling: "s", clinical: "c", billing: "b" };

/** Columns that hold the person to whom a row belongs. */
const PEOPLE = ["patient_id", "doctor_id", "user_id", "admin_id"];
const OWNERS = [...PEOPLE, "payment_id"];

/** Encrypted columns whose encryption context contains no owner of the row, each with the reason. */
const FOR_NOBODY: Record<string, string> = {
  "mails.content": "the encrypted text holds the address of the recipient",
};

interface Column {
  service: string;
  name: string;
  isEncrypted: boolean;
  primaryKey: string;
  /** Owner columns that are named in the column's comment. */
  boundTo: string[];
  /** Owner columns of the table, except its primary key. `payment_id` only if no column holds a person. */
  owners: string[];
}

let admin: Connection;
let columns: Column[];

beforeAll(async () => {
  await provision({ ...onOneServer(adminUrl, prefix), passwords });
  admin = await createConnection(adminUrl);
  columns = await bytesColumns();
});

afterAll(async () => {
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

/** All binary columns except ids. Only they can have encrypted values. */
async function bytesColumns(): Promise<Column[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT c.TABLE_SCHEMA AS s, c.TABLE_NAME AS t, c.COLUMN_NAME AS name, c.COLUMN_COMMENT AS comment,
       GROUP_CONCAT(k.COLUMN_NAME) AS primaryKey,
       (SELECT GROUP_CONCAT(o.COLUMN_NAME) FROM information_schema.COLUMNS o WHERE o.TABLE_SCHEMA = s
          AND o.TABLE_NAME = t AND o.COLUMN_NAME IN (?) AND o.COLUMN_KEY <> 'PRI') AS owners
     FROM information_schema.COLUMNS c
     JOIN information_schema.COLUMNS k
       ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_KEY = 'PRI'
     WHERE c.TABLE_SCHEMA IN (?) AND (c.DATA_TYPE LIKE '%binary' OR c.DATA_TYPE LIKE '%blob')
       AND c.COLUMN_TYPE <> 'binary(16)'
     GROUP BY s, t, name, comment`,
    [OWNERS, SERVICES.map((service) => prefix + service)],
  );
  return rows.map(({ s, t, name, comment, primaryKey, owners }) => ({
    service: s.slice(prefix.length),
    name: `${t}.${name}`,
    isEncrypted: comment.startsWith("encrypted"),
    primaryKey,
    boundTo: ownersIn(comment),
    owners: ownersAmong(owners?.split(",") ?? []),
  }));
}

function ownersAmong(names: string[]): string[] {
  const people = names.filter((name) => PEOPLE.includes(name));
  return people.length > 0 ? people : names;
}

const encrypted = (): Column[] => columns.filter(({ isEncrypted }) => isEncrypted);
const fullName = ({ service, name }: Column): string => `${service}: ${name}`;

/** True if the service's database user can write the column. */
async function isWritable({ service, name }: Column): Promise<boolean> {
  const [table, column] = name.split(".");
  const url = new URL(adminUrl);
  const account = `${prefix}${service}:${passwords[service as ServiceName]}`;
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

/** Source code of a service and of the platform, without tests. */
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

/** Fails if `odd` is not empty. The error message names each column, followed by `whatToDo`. */
function expectNone(odd: Column[], whatToDo: string): void {
  expect(odd.length === 0 ? "" : `${odd.map(fullName).join("\n")}\n${whatToDo}`).toBe("");
}

test("every column of bytes is declared as encrypted, or listed in NOT_ENCRYPTED", () => {
  expectNone(
    columns.filter(({ isEncrypted, name }) => !isEncrypted && !(name in NOT_ENCRYPTED)),
    `If FieldCipher encrypts it, start its COMMENT in the migration with "encrypted", which npm run rekey looks for. If it is a
         hash or the like, add it to NOT_ENCRYPTED in this test, with the reason.`,
  );
  expect(encrypted().length).toBeGreaterThan(12);
});

test("NOT_ENCRYPTED lists only existing columns that are not declared as encrypted", () => {
  const notEncrypted = columns.filter(({ name }) => name in NOT_ENCRYPTED);
  expectNone(
    notEncrypted.filter(({ isEncrypted }) => isEncrypted),
    "Remove it from NOT_ENCRYPTED.",
  );
  expect([...new Set(notEncrypted.map(({ name }) => name))].sort()).toEqual(
    Object.keys(NOT_ENCRYPTED).sort(),
  );
});

test("the code binds every encrypted column to its table, column and row, as npm run rekey does", async () => {
  const sources = new Map<string, string>();
  for (const service of SERVICES) sources.set(service, await sourceOf(service));
  expectNone(
    encrypted().filter((column) => !contextIn(column).test(sources.get(column.service)!)),
    `Encrypt it with the context {table}.{column}:{primary key}:{owner} …, written as one template with the names of
     the columns in its COMMENT ("encrypted for patient_id, doctor_id"); a binary key in hex.`,
  );
});

/** Makes a pattern for source code: the template string that makes the encryption context of this column. */
function contextIn({ name, boundTo }: Column): RegExp {
  const owners = boundTo.map((owner) => {
    const camelCase = owner.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    return `:\\$\\{(?:${owner}|${camelCase})\\}`;
  });
  return new RegExp(`\`${name.replace(".", "\\.")}:\\$\\{[^}\`]+\\}${owners.join("")}\``);
}

test("every encrypted column is bound to all owners of its row", () => {
  const isBound = ({ owners, boundTo }: Column) => owners.every((owner) => boundTo.includes(owner));
  expectNone(
    encrypted().filter((column) => !isBound(column) && !(column.name in FOR_NOBODY)),
    'Bind it to these columns as well, and declare them in its COMMENT: "encrypted for patient_id, doctor_id".',
  );
});

test("every encrypted column has a primary key of one column, and its service can write it", async () => {
  expectNone(
    encrypted().filter(({ primaryKey }) => primaryKey.includes(",")),
    "Give the table a primary key of one column, which npm run rekey needs.",
  );
  const fixed: Column[] = [];
  for (const column of encrypted()) if (!(await isWritable(column))) fixed.push(column);
  expectNone(
    fixed,
    "Give the service the right to write it. Without that, its values need the old key for ever.",
  );
});
