import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { migrate } from "./migrate.ts";

const url = process.env.MYSQL_URL!;
const schema = `migrate_${process.pid}`;
let admin: Connection;
let directory: string;

beforeEach(async () => {
  admin = await createConnection(url);
  await admin.query(`CREATE DATABASE ${schema}`);
  directory = await mkdtemp(join(tmpdir(), "migrations-"));
  await write(
    "0001_people.sql",
    "CREATE TABLE people (id INT PRIMARY KEY); INSERT INTO people VALUES (1), (2);",
  );
  await write("0002_age.sql", "ALTER TABLE people ADD COLUMN age INT;");
});

afterEach(async () => {
  await admin.query(`DROP DATABASE ${schema}`);
  await admin.end();
  await rm(directory, { recursive: true });
});

const write = (name: string, sql: string) => writeFile(join(directory, name), sql);
const run = () => migrate({ url, schema, directory });

test("applies each migration once, in order", async () => {
  expect(await run()).toEqual(["0001_people.sql", "0002_age.sql"]);
  expect(await run()).toEqual([]);
  await write("0003_name.sql", "ALTER TABLE people ADD COLUMN name INT;");
  expect(await run()).toEqual(["0003_name.sql"]);
});

test("applies each migration once for concurrent callers", async () => {
  const runs = await Promise.all([run(), run(), run(), run()]);
  expect(runs.flat()).toEqual(["0001_people.sql", "0002_age.sql"]);
  expect(await admin.query(`SELECT COUNT(*) AS people FROM ${schema}.people`)).toMatchObject([
    [{ people: 2 }],
    {},
  ]);
});

test("refuses a migration that changed after it was applied", async () => {
  await run();
  await write("0002_age.sql", "ALTER TABLE people ADD COLUMN age BIGINT;");
  await expect(run()).rejects.toThrow("Migration 0002_age.sql was changed after it had been applied");
});

test("names a failed migration, and retries it the next time", async () => {
  await write("0003_bad.sql", "ALTER TABLE nobody ADD COLUMN name INT;");
  await expect(run()).rejects.toThrow("Migration 0003_bad.sql failed: Table");
  await write("0003_bad.sql", "ALTER TABLE people ADD COLUMN name INT;");
  expect(await run()).toEqual(["0003_bad.sql"]);
});
