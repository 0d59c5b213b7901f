import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { STORE, sqlIn } from "./sql-outside-stores.ts";

const ROOT = join(import.meta.dirname, "../..");
const ROOMS = ["platform", "services/*/src", "gateway", "ops", "topology", "deploy"];
const TESTS = /\.test\.ts$|(^|\/)testing\/|(^|\/)node_modules\//;

/** Folders and files outside of stores that may contain SQL, each with the reason. */
const ALLOWED = [
  ["platform/db/", "sends the statements of stores, and opens sessions and transactions"],
  ["ops/schemas/", "creates schemas and users, and grants rights"],
  ["ops/backup/server/", "reads and writes whole schemas"],
] as const;

/** Code that must be refused outside of stores, with the SQL to be found in it. */
const PLANTED = [
  ['const INSERT = "INSERT INTO inbox (version) VALUES ?";', ["INSERT INTO inbox (version) VALUES ?"]],
  ["export const FIND = `\n  SELECT id FROM users`;", ["\n  SELECT id FROM users"]],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the planted code contains a template
  ["const sql = `(SELECT ${COLUMNS} ${sql})`;", ["(SELECT "]],
  ['const ORDER = "ORDER BY create_time LIMIT ?";', ["ORDER BY create_time LIMIT ?"]],
  ['const filters = [["create_time >= ?", startTime]];', ["create_time >= ?"]],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the planted code contains a template
  ["const within = (region) => `l.region IN (${region})`;", ["l.region IN ("]],
  ['const COLUMNS = "u.id, u.full_name AS fullName";', ["u.id, u.full_name AS fullName"]],
  ["tx.defer(INSERT_LINE, [rows]);", ["tx.defer"]],
  ["await this.#db.write(INSERT_LINE, [rows]);", ["db.write"]],
  ["await app.db.deleteAll(DELETE_ENDED, [now], signal);", ["db.deleteAll"]],
  ["const rows = await app.db.read<Row>(queryOf(id));", ["db.read"]],
  ["const [row] = await tx?.lock<Row>(store.FIND, [id]);", ["tx.lock"]],
  ["app.db.transaction(async (t) => t.defer(UPDATE, [role]));", ["t.defer"]],
  ['await app.db!.read("select id from users");', ["db.read", "select id from users"]],
  ["await (app.db as Database).write(DELETE, [id]);", ["db.write"]],
  ['const filter = ["role=?", role];', ["role=?"]],
  ['const rows = await db[isKeyed ? "read" : "scan"]<Row>(FIND);', ["db[…]"]],
] as const;

const WITHOUT_SQL = [
  "await db.transaction(async (tx) => saveBooking(tx, row));",
  "tx.afterCommit(() => relay.send());",
  "process.stdout.write(HELP);",
  'const methods = ["GET", "DELETE"];',
  'throw new Error("Set DATABASE_URL. DELETE is not allowed here.");',
  "/** Row of `SELECT id FROM users`. */ export interface Row {}",
];

test.each(PLANTED)("refused outside of stores: %s", (code, found) => {
  expect(sqlIn(code)).toEqual(found);
});

test.each(WITHOUT_SQL)("no SQL: %s", (code) => {
  expect(sqlIn(code)).toEqual([]);
});

const production = globSync(`{${ROOMS.join(",")}}/**/*.ts`, { cwd: ROOT }).filter(
  (file) => !TESTS.test(file),
);
const sqlByFile = new Map(
  production
    .filter((file) => !STORE.test(file))
    .map((file) => [file, sqlIn(readFileSync(join(ROOT, file), "utf8"))] as const)
    .filter(([, sql]) => sql.length > 0),
);

test("SQL is in stores only", () => {
  const isAllowed = (file: string) => ALLOWED.some(([place]) => file.startsWith(place));
  expect(Object.fromEntries([...sqlByFile].filter(([file]) => !isAllowed(file)))).toEqual({});
});

test.each(["platform/", "services/auth/src/", "gateway/", "ops/", "topology/", "deploy/"])(
  "the scan reaches %s",
  (room) => {
    expect(production.filter((file) => file.startsWith(room))).not.toEqual([]);
  },
);

test("the scan finds the SQL of stores", () => {
  const stores = production.filter((file) => STORE.test(file));
  const withSql = stores.filter((file) => sqlIn(readFileSync(join(ROOT, file), "utf8")).length > 0);
  expect(withSql.length).toBeGreaterThan(50);
});

test.each(ALLOWED)("%s needs its exception: %s", (place, _reason) => {
  expect([...sqlByFile.keys()].filter((file) => file.startsWith(place))).not.toEqual([]);
});

test("only the slots' own stores write slots", () => {
  const writers = production.filter((file) =>
    /\b(UPDATE|INSERT( IGNORE)? INTO|DELETE FROM|REPLACE INTO)\s+slots\b/.test(
      readFileSync(join(ROOT, file), "utf8"),
    ),
  );
  expect(writers.toSorted()).toEqual([
    "services/scheduling/src/slots/new-slot-store.ts",
    "services/scheduling/src/slots/scheduled-slot-store.ts",
    "services/scheduling/src/slots/slot-store.ts",
  ]);
});
