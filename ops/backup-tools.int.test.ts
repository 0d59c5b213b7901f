import { execFile, execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVICES } from "@medconnect/topology/services.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { BackupCommands, contentOf, dropSchemas, seedSchemas } from "./backup/testing/backup-commands.ts";

const mysqlUrl = process.env.MYSQL_URL!;
const prefix = `t${process.pid}_`;
const commands = new BackupCommands(mysqlUrl);

let admin: Connection;

beforeAll(async () => {
  admin = await createConnection(mysqlUrl);
  await commands.makeKey();
});

afterAll(async () => {
  await dropSchemas(admin, prefix);
  await admin.end();
  rmSync(commands.folder, { recursive: true });
});

const missing = ["age", "gunzip", "mysql"].find((tool) => !isInstalled(tool));

function isInstalled(tool: string): boolean {
  try {
    execFileSync(tool, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const withTools = missing === undefined ? test : test.skip;

withTools(
  `age, gunzip and mysql restore a backup${missing ? ` (skipped: no ${missing} here)` : ""}`,
  async () => {
    await seedSchemas(admin, mysqlUrl, prefix);
    const contents = () => Promise.all(SERVICES.map((service) => contentOf(admin, prefix, service)));
    const before = await contents();
    const file = await commands.backUp(prefix);
    await dropSchemas(admin, prefix);

    const { hostname, port, username, password } = new URL(mysqlUrl);
    // A client that reads no settings of this machine, so its character set is any.
    const client = `mysql --no-defaults --default-character-set=latin1 -h ${hostname} -P ${port} -u ${username}`;
    await promisify(execFile)(
      "bash",
      ["-o", "pipefail", "-c", `age -d -i "$KEY" "$FILE" | gunzip | ${client}`],
      {
        env: { ...process.env, KEY: commands.keyFile, FILE: file, MYSQL_PWD: password },
      },
    );
    expect(await contents()).toEqual(before);
  },
);
