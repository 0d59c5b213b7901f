import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, utimesSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { RowDataPacket } from "mysql2/promise";
import { backedUp } from "./backup/testing/backed-up.ts";
import { contentOf, dropSchemas, type Ended, seedSchemas } from "./backup/testing/backup-commands.ts";

const prepared = backedUp("f");
const { mysqlUrl, source, target, commands } = prepared;

/** Starts a command of `ops/` that a test kills. */
const start = (command: string, args: string[], env: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, `${command}.ts`), ...args], {
    env: { ...commands.env, ...env },
    stdio: "ignore",
  });

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
}

test("a backup that is killed leaves no file that looks complete, and the next one deletes the rest", async () => {
  const folder = join(commands.folder, "killed");
  mkdirSync(folder);
  const started = new Promise((resolve) => watch(folder, { persistent: false }).once("change", resolve));
  const backup = start("backup", [], { MYSQL_PREFIX: source, BACKUP_DIR: folder });
  await started;
  await kill(backup);
  const [partial, ...more] = readdirSync(folder);
  expect(partial).toMatch(/\.partial$/);
  expect(more).toEqual([]);

  const second = await commands.backUp(source, { BACKUP_DIR: folder });
  expect((await commands.run("restore", ["check", second, "--key", commands.keyFile])).code).toBe(0);
  // It may belong to a backup that runs, until nobody has written to it for an hour.
  expect(readdirSync(folder)).toContain(partial);
  const longAgo = Date.now() / 1000 - 3601;
  utimesSync(join(folder, partial!), longAgo, longAgo);
  await commands.backUp(source, { BACKUP_DIR: folder });
  expect(readdirSync(folder)).not.toContain(partial);
});

test("a restore that is killed serves nothing, and runs again", async () => {
  const restore = start("restore", [prepared.file, "--key", commands.keyFile], { MYSQL_PREFIX: target });
  while (!(await has("clinical", "daily_additions"))) await delay(5);
  await kill(restore);
  expect(await has("billing", "schema_migrations")).toBe(false);

  const message = / has begun and not ended, so its data is incomplete\. Run npm run restore again\.\n$/;
  for (const command of ["migrate", "backup"]) {
    const { code, stderr } = await commands.run(command, [], { MYSQL_PREFIX: target });
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  }
  const [users] = await prepared.admin.query("SELECT user FROM mysql.user WHERE user LIKE ?", [`${target}%`]);
  expect(users).toEqual([]);

  expect(await untilUnlocked()).toMatchObject({ code: 0 });
  for (const service of SERVICES) {
    expect(await contentOf(prepared.admin, target, service)).toEqual(
      await contentOf(prepared.admin, source, service),
    );
  }
  expect((await commands.run("migrate", [], { MYSQL_PREFIX: target })).code).toBe(0);
});

async function has(service: string, table: string): Promise<boolean> {
  const [tables] = await prepared.admin.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    [target + service, table],
  );
  return tables.length > 0;
}

/** Restores once the server has noticed that the killed process is gone. */
async function untilUnlocked(): Promise<Ended> {
  for (;;) {
    const ended = await commands.restore(target, [prepared.file]);
    if (!ended.stderr.includes("Another process restores")) return ended;
  }
}

test("only one restore runs at a time", async () => {
  const lock = `restore ${target}billing`;
  await prepared.admin.query("SELECT GET_LOCK(?, 0)", [lock]);
  const { code, stderr } = await commands.restore(target, [prepared.file]);
  await prepared.admin.query("SELECT RELEASE_LOCK(?)", [lock]);
  expect(stderr).toBe(`Another process restores ${target}billing. Wait until it has ended.\n`);
  expect(code).toBe(1);
});

test("a backup that does not fit on the disk fails, and leaves no file", async () => {
  const folder = join(commands.folder, "full");
  const ops = join(import.meta.dirname, "backup.ts");
  // A limit of files in place of a full disk, which takes root.
  const limited = promisify(execFile)("sh", ["-c", `ulimit -f 4; exec "${process.execPath}" "${ops}"`], {
    env: { ...commands.env, MYSQL_PREFIX: source, BACKUP_DIR: folder },
  });
  await expect(limited).rejects.toMatchObject({
    code: 1,
    stderr: `The folder ${folder} takes no file: EFBIG: file too large, write.\n`,
  });
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder that is a file is refused", async () => {
  const folder = join(commands.folder, "no-folder");
  writeFileSync(folder, "");
  const { code, stderr } = await commands.run("backup", [], { MYSQL_PREFIX: source, BACKUP_DIR: folder });
  expect(stderr).toContain(`The folder ${folder} takes no file: EEXIST`);
  expect(code).toBe(1);
});

test("a backup of an older release gets the missing migrations", async () => {
  const name = "0003_unconfirmed_restores.sql";
  const old = `o${process.pid}_`;
  try {
    await seedSchemas(prepared.admin, mysqlUrl, old);
    for (const service of SERVICES) {
      await prepared.admin.query("DROP TABLE ??.unconfirmed_restores", [old + service]);
      await prepared.admin.query("DELETE FROM ??.schema_migrations WHERE name = ?", [old + service, name]);
    }
    const { code, stdout } = await commands.restore(target, [await commands.backUp(old)]);
    for (const service of SERVICES) expect(stdout).toContain(`applied ${service} ${name}\n`);
    expect(code).toBe(0);
  } finally {
    await dropSchemas(prepared.admin, old);
  }
});
