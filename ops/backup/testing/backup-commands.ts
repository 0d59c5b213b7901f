import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { onOneServer, provision } from "../../schemas/provision.ts";

export const PASSWORDS = { auth: "a", scheduling: "s", clinical: "c", billing: "b" };
/** A name that needs each kind of escape. */
export const AWKWARD = "Line one\nline 'two' \"quoted\" \\ back \0 nul \u001a, 薬 💊";
export const AWKWARD_JSON = ["x\n", '"'];
/** Tables that a restore itself writes. */
const MARKED = ["audit_events", "sessions", "unconfirmed_restores"];

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Commands of backup and restore for the tests. Their files are in a temporary folder. */
export class BackupCommands {
  readonly folder = mkdtempSync(join(tmpdir(), "backup-"));
  readonly keyFile = join(this.folder, "key");
  readonly backups = join(this.folder, "backups");
  /** Settings of the commands. */
  readonly env: Record<string, string> = {
    BACKUP_DIR: this.backups,
    ...Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_DB_PASSWORD`, PASSWORDS[name]])),
  };

  constructor(mysqlUrl: string) {
    this.env.MYSQL_URL = mysqlUrl;
  }

  async makeKey(): Promise<void> {
    const { stdout } = await this.run("backup", ["key", this.keyFile]);
    this.env.BACKUP_RECIPIENT = stdout.trim().slice("BACKUP_RECIPIENT=".length);
  }

  /** Runs a command of `ops/`, such as `restore`. */
  async run(command: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
    const file = join(import.meta.dirname, "../..", `${command}.ts`);
    return await promisify(execFile)(process.execPath, [file, ...args], {
      env: { ...COMPILE_CACHE, ...this.env, ...env },
    })
      .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
      .catch((error: Ended) => error);
  }

  /** Makes a backup of schemas. Throws if it fails. @returns its file */
  async backUp(prefix: string, env: Record<string, string> = {}): Promise<string> {
    const { stdout, stderr } = await this.run("backup", [], { MYSQL_PREFIX: prefix, ...env });
    const file = /^File +(.+), /m.exec(stdout)?.[1];
    if (file === undefined) throw new Error(stderr);
    return file;
  }

  /** Restores to schemas. @param args the backup's file and flags other than the key */
  async restore(prefix: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
    return await this.run("restore", [...args, "--key", this.keyFile], { MYSQL_PREFIX: prefix, ...env });
  }
}

/** Makes schemas with rows that are hard to copy. */
export async function seedSchemas(admin: Connection, mysqlUrl: string, prefix: string): Promise<void> {
  await provision({ ...onOneServer(mysqlUrl, prefix), passwords: PASSWORDS });
  await admin.query(
    `INSERT INTO ??.sessions (id, user_id, auth_time, expire_time)
     VALUES (UUID_TO_BIN(UUID()), UUID_TO_BIN(UUID()), NOW(3), '2030-01-01')`,
    [`${prefix}auth`],
  );
  await admin.query("INSERT INTO ??.secrets VALUES ('all bytes', ?), ('none', '')", [
    `${prefix}auth`,
    Buffer.from(Array.from({ length: 255 }, (_, i) => i)),
  ]);
  await admin.query(
    "INSERT INTO ??.people (user_id, full_name, disabled) VALUES (UUID_TO_BIN(UUID()), ?, 1)",
    [`${prefix}scheduling`, AWKWARD],
  );
  await admin.query(
    `INSERT INTO ??.audit_events VALUES (UUID_TO_BIN(UUID()), 'a', 'b', ?, 'r', 'DENIED', '', '',
       '2026-12-01 10:00:00.123', NULL)`,
    [`${prefix}billing`, JSON.stringify(AWKWARD_JSON)],
  );
  // More rows than one INSERT of a backup holds.
  await admin.query(
    `INSERT INTO ??.daily_additions (day, figure, label, amount)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
     SELECT '2026-12-01', 'FIGURE', '', -a.i FROM n a JOIN n b ON b.i <= 20`,
    [`${prefix}clinical`],
  );
}

export async function dropSchemas(admin: Connection, prefix: string): Promise<void> {
  for (const service of SERVICES) {
    await admin.query("DROP DATABASE IF EXISTS ??", [prefix + service]);
    await admin.query("DROP USER IF EXISTS ?", [prefix + service]);
  }
}

/** Definitions of all tables of a service's schema, with checksums of those that a restore leaves as they were. */
export async function contentOf(admin: Connection, prefix: string, service: ServiceName): Promise<unknown[]> {
  const [tables] = await admin.query<RowDataPacket[]>("SHOW TABLES FROM ??", [prefix + service]);
  return await Promise.all(
    tables.map(async (row) => {
      const name = Object.values(row)[0];
      const of = [prefix + service, name];
      const [[definition]] = await admin.query<RowDataPacket[]>("SHOW CREATE TABLE ??.??", of);
      const [[checksum]] = await admin.query<RowDataPacket[]>("CHECKSUM TABLE ??.??", of);
      return [definition?.["Create Table"], MARKED.includes(name) || checksum?.Checksum];
    }),
  );
}
