import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { BackupCommands, dropSchemas, seedSchemas } from "./backup-commands.ts";

/** Schemas with a backup, and commands to restore it. The fields are set before the first test. */
export interface BackedUp {
  readonly mysqlUrl: string;
  /** Prefix of the schemas in the backup. */
  readonly source: string;
  /** Prefix for restored schemas, which are dropped after each test. */
  readonly target: string;
  readonly commands: BackupCommands;
  admin: Connection;
  file: string;
}

/** Makes schemas and a backup of them for the tests of a file. @param letter start of the prefixes, one for each file */
export function backedUp(letter: string): BackedUp {
  const mysqlUrl = process.env.MYSQL_URL!;
  const names = { source: `${letter}${process.pid}_`, target: `${letter}t${process.pid}_` };
  const prepared = { mysqlUrl, ...names, commands: new BackupCommands(mysqlUrl) } as BackedUp;
  const { source, target, commands } = prepared;
  beforeAll(async () => {
    prepared.admin = await createConnection(mysqlUrl);
    await seedSchemas(prepared.admin, mysqlUrl, source);
    await commands.makeKey();
    prepared.file = await commands.backUp(source);
  });
  afterEach(() => dropSchemas(prepared.admin, target));
  afterAll(async () => {
    await dropSchemas(prepared.admin, source);
    await prepared.admin.end();
    rmSync(commands.folder, { recursive: true });
  });
  return prepared;
}
