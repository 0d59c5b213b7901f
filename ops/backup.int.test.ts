import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { backedUp } from "./backup/testing/backed-up.ts";
import { AWKWARD, AWKWARD_JSON, contentOf, type Ended, PASSWORDS } from "./backup/testing/backup-commands.ts";
import { onOneServer, provision } from "./schemas/provision.ts";

const prepared = backedUp("b");
const { mysqlUrl, source, target, commands } = prepared;
const { folder, keyFile } = commands;

const restore = (args: string[]): Promise<Ended> => commands.run("restore", args, { MYSQL_PREFIX: target });

test("a restored system has the same tables and rows, and each service its rights", async () => {
  const { code, stdout } = await restore([prepared.file, "--key", keyFile]);
  expect(stdout).toMatch(
    /^Moment {4}\d{4}-.*, release \S+ \([0-9a-f]{40}\)\nComplete {2}\d+ rows.*\nRestored {2}\d+\.\d s\nNothing is sent .*\n$/,
  );
  expect(code).toBe(0);
  for (const service of SERVICES) {
    expect(await contentOf(prepared.admin, target, service)).toEqual(
      await contentOf(prepared.admin, source, service),
    );
  }
  const [[person]] = await prepared.admin.query<RowDataPacket[]>("SELECT full_name AS name FROM ??.people", [
    `${target}scheduling`,
  ]);
  expect(person!.name).toBe(AWKWARD);
  const [[event]] = await prepared.admin.query<RowDataPacket[]>(
    "SELECT subject_ids AS subjects FROM ??.audit_events WHERE action = 'a'",
    [`${target}billing`],
  );
  expect(event!.subjects).toEqual(AWKWARD_JSON);
  const login = new URL(mysqlUrl);
  Object.assign(login, { username: `${target}auth`, password: PASSWORDS.auth, pathname: `/${target}auth` });
  const connection = await createConnection(login.href);
  await expect(connection.query("UPDATE audit_events SET action = 'x'")).rejects.toMatchObject({
    errno: 1142,
  });
  await connection.end();
});

test("a restore ends all sessions, is an audit event, and waits for confirm until billing is ready", async () => {
  await restore([prepared.file, "--key", keyFile]);
  const rowsOf = async (service: ServiceName, sql: string) =>
    (await prepared.admin.query<RowDataPacket[]>(sql, [target + service]))[0];
  expect(await rowsOf("auth", "SELECT 1 FROM ??.sessions WHERE end_time IS NULL")).toEqual([]);
  const events =
    "SELECT action, actor_id AS actor FROM ??.audit_events WHERE action LIKE 'system.%' ORDER BY id";
  const restored = { action: "system.restore", actor: "command:restore" };
  for (const service of SERVICES) expect(await rowsOf(service, events)).toEqual([restored]);

  const waits = /restored \S+ to \S+, waits for confirm\n/;
  const asks = /billing +restored \S+ to \S+, asks the payment provider about open payments\n/;
  expect((await restore(["status"])).stdout).toMatch(new RegExp(`${waits.source}${asks.source}$`));
  const early = await restore(["confirm"]);
  expect(early.stderr).toMatch(/^billing has not asked the payment provider about all open payments yet\./);
  expect(early.code).toBe(1);
  await prepared.admin.query("UPDATE ??.unconfirmed_restores SET ready_time = NOW(3)", [`${target}billing`]);
  const { code, stdout } = await restore(["confirm"]);
  expect(stdout).toBe("Confirmed: auth, scheduling, clinical, billing send again.\n");
  expect(code).toBe(0);
  for (const service of SERVICES) {
    expect(await rowsOf(service, events)).toEqual([
      restored,
      { ...restored, action: "system.confirm_restore" },
    ]);
  }
  expect((await restore(["status"])).stdout).toBe(
    SERVICES.map((service) => `${service.padEnd(12)}nothing to confirm\n`).join(""),
  );
  expect((await restore(["confirm"])).stdout).toBe("No restore waits for confirm.\n");
});

test("all schemas are of one moment: an effect is never without its cause", async () => {
  const insert =
    "INSERT INTO ??.daily_additions (day, figure, label, amount) VALUES ('2026-12-01', 'CAUSE', '', 1)";
  const count = async (service: ServiceName) => {
    const sql = "SELECT COUNT(*) AS rowCount FROM ??.daily_additions WHERE figure = 'CAUSE'";
    const [[row]] = await prepared.admin.query<RowDataPacket[]>(sql, [target + service]);
    return row!.rowCount as number;
  };
  const writer = await createConnection(mysqlUrl);
  let isOver = false;
  const writing = (async () => {
    while (!isOver) for (const service of SERVICES) await writer.query(insert, [source + service]);
  })();
  const copy = await commands.backUp(source);
  isOver = true;
  await writing;
  await writer.end();
  expect((await restore([copy, "--key", keyFile])).code).toBe(0);
  const counts = await Promise.all(SERVICES.map(count));
  expect(counts[0]).toBeGreaterThan(0);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(counts[0]! - counts[3]!).toBeLessThanOrEqual(1);
});

test("the file is encrypted, readable by its owner only, and the only one in the folder", () => {
  const content = readFileSync(prepared.file);
  expect(content.subarray(0, 21).toString()).toBe("age-encryption.org/v1");
  expect(content.includes("CREATE TABLE")).toBe(false);
  expect(statSync(prepared.file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "backups")).filter((name) => !name.endsWith(".sql.gz.age"))).toEqual([]);
});

test("check reads a backup without a server", async () => {
  const { code, stdout } = await commands.run("restore", ["check", prepared.file, "--key", keyFile], {
    MYSQL_URL: "",
  });
  expect(stdout).toMatch(/^Moment .*\nComplete .*\n$/);
  expect(code).toBe(0);
});

const mutilations: [string, (content: Buffer) => Buffer, string][] = [
  ["cut in the middle", (content) => content.subarray(0, content.length / 2), "is damaged or truncated"],
  [
    "cut at the end of a chunk",
    (content) => content.subarray(0, headerOf(content) + 16 + 65_552),
    "is damaged or truncated",
  ],
  ["without its last byte", (content) => content.subarray(0, -1), "is damaged or truncated"],
  [
    "with a changed byte",
    (content) => content.fill(content.at(-99)! ^ 1, content.length - 99, content.length - 98),
    "is damaged or truncated",
  ],
  ["cut in its header", (content) => content.subarray(0, 60), "is no backup, or its beginning is damaged"],
  ["that is empty", () => Buffer.alloc(0), "is no backup, or its beginning is damaged"],
];

/** Length of age's header, which ends with a line of its MAC. */
const headerOf = (content: Buffer): number => content.indexOf("\n", content.indexOf("\n---") + 1) + 1;

test.each(mutilations)("a backup %s is refused before any change", async (_, mutilate, problem) => {
  const broken = join(folder, "broken");
  writeFileSync(broken, mutilate(readFileSync(prepared.file)));
  const { code, stderr } = await restore([broken, "--key", keyFile]);
  expect(stderr).toContain(`${broken} ${problem}`);
  expect(code).toBe(1);
  const [found] = await prepared.admin.query<RowDataPacket[]>("SHOW DATABASES LIKE ?", [`${target}%`]);
  expect(found).toEqual([]);
});

test("another private key is refused", async () => {
  const other = join(folder, "other-key");
  await commands.run("backup", ["key", other]);
  const { code, stderr } = await restore([prepared.file, "--key", other]);
  expect(stderr).toBe(
    `${prepared.file} is encrypted to another public key: this private key does not fit.\n`,
  );
  expect(code).toBe(1);
});

// The server of the tests writes no binary log. test/restore archives and replays one.
test("a moment after the backup needs a binary log", async () => {
  const archived = await commands.run("backup", ["log"], { MYSQL_PREFIX: source });
  expect(archived.stderr).toMatch(/^MySQL at \S+ has no binary log: start it with --log-bin\.\n$/);
  const { code, stderr } = await restore([prepared.file, "--key", keyFile, "--to", new Date().toISOString()]);
  expect(stderr).toBe("The server of auth had no binary log when the backup was made.\n");
  expect(code).toBe(1);
});

test.each([
  [
    "a moment before the backup",
    ["--to", "2020-01-01T00:00:00Z"],
    "later than --to. Choose an earlier backup.",
    1,
  ],
  ["a moment in the future", ["--to", "2099-01-01T00:00:00Z"], "--to is in the future.", 1],
  [
    "another text",
    ["--to", "yesterday"],
    '--to must be a time such as 2026-12-01T10:00:00Z, not "yesterday".',
    2,
  ],
  ["--logs alone", ["--logs", "."], "--logs is for --to.", 2],
])("%s is refused", async (_, args, message, exitCode) => {
  const { code, stderr } = await restore([prepared.file, "--key", keyFile, ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(exitCode);
});

test("key overwrites no file", async () => {
  const before = readFileSync(keyFile, "utf8");
  const { code, stderr } = await commands.run("backup", ["key", keyFile]);
  expect(stderr).toBe(`${keyFile} exists; it may hold the key of older backups.\n`);
  expect(code).toBe(1);
  expect(readFileSync(keyFile, "utf8")).toBe(before);
});

test("schemas with tables are refused, and replaced on demand", async () => {
  await provision({ ...onOneServer(mysqlUrl, target), passwords: PASSWORDS });
  const refused = await restore([prepared.file, "--key", keyFile]);
  expect(refused.stderr).toContain(`${target}billing already have tables.`);
  expect(refused.code).toBe(1);
  await prepared.admin.query("INSERT INTO ??.secrets VALUES ('of before', '')", [`${target}auth`]);
  expect((await restore([prepared.file, "--key", keyFile, "--replace"])).code).toBe(0);
  const [secrets] = await prepared.admin.query<RowDataPacket[]>("SELECT name FROM ??.secrets", [
    `${target}auth`,
  ]);
  expect(secrets.map(({ name }) => name)).toEqual(["all bytes", "none"]);
});

test("a running service is refused", async () => {
  await provision({ ...onOneServer(mysqlUrl, target), passwords: PASSWORDS });
  const login = new URL(mysqlUrl);
  Object.assign(login, { username: `${target}billing`, password: PASSWORDS.billing });
  const service = await createConnection(login.href);
  const { code, stderr } = await restore([prepared.file, "--key", keyFile, "--replace"]);
  await service.end();
  expect(stderr).toBe("billing has 1 connections to its schema. Stop all processes of MedConnect first.\n");
  expect(code).toBe(1);
});

test("a backup of a newer release is refused", async () => {
  const [schema, name] = [`${source}clinical`, "0099_later.sql"];
  await prepared.admin.query("INSERT INTO ??.schema_migrations (name, checksum) VALUES (?, '0')", [
    schema,
    name,
  ]);
  const newer = await commands.backUp(source);
  await prepared.admin.query("DELETE FROM ??.schema_migrations WHERE name = ?", [schema, name]);
  const { code, stderr } = await restore([newer, "--key", keyFile]);
  expect(stderr).toMatch(
    /whose migration 0099_later\.sql of clinical this release lacks\. Restore with that release\.\n$/,
  );
  expect(code).toBe(1);
});

test.each([
  [
    "backup",
    [],
    { BACKUP_RECIPIENT: "" },
    "BACKUP_RECIPIENT is required: make a pair of keys by npm run backup -- key FILE",
    1,
  ],
  [
    "backup",
    [],
    { BACKUP_RECIPIENT: "age1x" },
    'BACKUP_RECIPIENT must be public keys of age, age1…, not "age1x".',
    1,
  ],
  [
    "backup",
    [],
    { BACKUP_RECIPIENT: "AGE-SECRET-KEY-1X" },
    "BACKUP_RECIPIENT must be public keys of age, age1…, not a private key.",
    1,
  ],
  [
    "restore",
    ["f", "--key", "AGE-SECRET-KEY-1X"],
    {},
    "--key takes the file of the private key, not the key.",
    1,
  ],
  ["backup", ["now"], {}, 'Say log, key, or nothing, not "now".', 2],
  ["restore", [], {}, "Name the file of the backup.", 2],
  ["restore", ["f"], {}, "Name the file of the private key: --key KEYFILE.", 2],
  ["restore", ["f", "--key", "/none"], {}, "The private key cannot be read from /none (ENOENT).", 1],
] as const)("%s %j is refused", async (command, args, env, message, exitCode) => {
  const { code, stderr } = await commands.run(command, [...args], env);
  expect(stderr).toContain(message);
  expect(code).toBe(exitCode);
});
