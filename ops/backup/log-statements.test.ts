import { expect, test } from "@jest/globals";
import { isAboutAccounts, isTransactional } from "./log-statements.ts";

test.each(["BEGIN", "COMMIT", "SAVEPOINT a"])("around rows: %s", (sql) => {
  expect(isTransactional(sql)).toBe(true);
  expect(isAboutAccounts(sql)).toBe(false);
});

test.each([
  "GRANT SELECT ON a.b TO c",
  "ALTER USER 'a'@'%' IDENTIFIED WITH 'x' AS 'y'",
  "CREATE DATABASE IF NOT EXISTS a",
  "FLUSH PRIVILEGES",
])("about accounts: %s", (sql) => {
  expect(isAboutAccounts(sql)).toBe(true);
});

test.each([
  "CREATE TABLE a (id INT)",
  "-- Rows of users.\n\nALTER TABLE users ADD COLUMN a INT",
  "/* a migration */ CREATE INDEX a ON b (c)",
  "DROP TABLE begins",
])("a change of a table: %s", (sql) => {
  expect(isTransactional(sql) || isAboutAccounts(sql)).toBe(false);
});
