import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Engine } from "@medconnect/dev/engines/engine.ts";
import { findMysql } from "@medconnect/dev/engines/engines.ts";
import { startMysql } from "@medconnect/dev/engines/mysql.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { silent } from "@medconnect/dev/terminal/progress.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { BackupCommands } from "./backup/testing/backup-commands.ts";

/** Servers with binary logs, which the server of the tests lacks. */
let servers: Engine[] = [];
let commands: BackupCommands;

beforeAll(async () => {
  commands = new BackupCommands("");
  servers = await Promise.all(["one", "two"].map(startServer));
  commands.env.MYSQL_URL = servers[0]!.url;
  await commands.makeKey();
});

async function startServer(name: string): Promise<Engine> {
  return await startMysql({
    program: await findMysql(silent),
    folder: join(commands.folder, name),
    port: await freePort(),
    password: name,
    durable: true,
    logFile: join(commands.folder, `${name}.log`),
  });
}

afterAll(async () => {
  await Promise.all(servers.map(({ server }) => server.stop()));
  rmSync(commands.folder, { recursive: true });
});

const PREFIX = "several_";
/** Scheduling and billing on the second server. */
const APART = (): Record<string, string> => settingsOf({ scheduling: 1, billing: 1 });

const settingsOf = (places: Partial<Record<ServiceName, number>>): Record<string, string> => ({
  MYSQL_PREFIX: PREFIX,
  ...Object.fromEntries(
    SERVICES.map((service) => [`${service.toUpperCase()}_MYSQL_URL`, servers[places[service] ?? 0]!.url]),
  ),
});

/** Writes a row to each schema in turn until it is stopped. A row is the cause of the row after it. */
class Chain {
  #isOver = false;
  readonly #writing: Promise<void>;

  constructor(env: Record<string, string>) {
    this.#writing = this.#write(env);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
  }

  async #write(env: Record<string, string>): Promise<void> {
    const connections = await Promise.all(SERVICES.map((service) => createConnection(urlOf(service, env))));
    while (!this.#isOver) {
      for (const connection of connections) {
        await connection.query(
          "INSERT INTO daily_additions (day, figure, label, amount) VALUES ('2026-12-01', 'LINK', '', 1)",
        );
      }
    }
    await Promise.all(connections.map((connection) => connection.end()));
  }
}

const urlOf = (service: ServiceName, env: Record<string, string>): string =>
  `${env[`${service.toUpperCase()}_MYSQL_URL`]}/${PREFIX}${service}`;

/** Number of rows that the chain wrote to each schema, in its order. */
const linksIn = (env: Record<string, string>): Promise<number[]> =>
  Promise.all(
    SERVICES.map(async (service) => {
      const connection = await createConnection(urlOf(service, env));
      const [rows] = await connection.query<RowDataPacket[]>(
        "SELECT COUNT(*) AS links FROM daily_additions WHERE figure = 'LINK'",
      );
      await connection.end();
      return rows[0]!.links;
    }),
  );

function expectOneMoment(links: number[]): void {
  expect(links).toEqual(links.toSorted((a, b) => b - a));
  expect(links[0]! - links[3]!).toBeLessThanOrEqual(1);
}

test("schemas on several servers are of one moment, also of one between two copies of the log", async () => {
  const apart = APART();
  expect((await commands.run("migrate", [], apart)).code).toBe(0);
  const chain = new Chain(apart);
  const file = await commands.backUp(PREFIX, apart);
  const copyLog = () => commands.run("backup", ["log"], apart);
  expect((await copyLog()).code).toBe(0);
  const moment = new Date();
  const written = await linksIn(apart);
  // The chain goes on after the moment.
  while ((await linksIn(apart))[3]! < written[3]! + 50);
  await chain.stop();
  expect((await copyLog()).stdout.trim().split("\n")).toHaveLength(servers.length);
  const total = await linksIn(apart);

  // The same servers with other schemas on each.
  const elsewhere = settingsOf({ auth: 1, clinical: 1 });
  expect(await commands.restore(PREFIX, [file], elsewhere)).toMatchObject({ code: 0 });
  const atBackup = await linksIn(elsewhere);
  expectOneMoment(atBackup);

  const toMoment = [file, "--to", moment.toISOString(), "--replace"];
  expect(await commands.restore(PREFIX, toMoment, elsewhere)).toMatchObject({ code: 0 });
  const atMoment = await linksIn(elsewhere);
  expectOneMoment(atMoment);
  expect(atMoment[0]).toBeGreaterThan(atBackup[0]!);
  expect(atMoment[0]).toBeLessThanOrEqual(written[0]!);
  expect(atMoment[0]).toBeLessThan(total[0]!);

  // A copy of one server's log is lost.
  const [log] = readdirSync(join(commands.backups, "log"));
  const first = readdirSync(join(commands.backups, "log", log!)).find((name) => name.includes(".4-"));
  rmSync(join(commands.backups, "log", log!, first!));
  const { code, stderr } = await commands.restore(PREFIX, toMoment, elsewhere);
  expect(stderr).toMatch(/^The archive of the log has nothing between binlog\.\d+:\d+ and /);
  expect(code).toBe(1);
  const wrongFolder = [...toMoment, "--logs", join(commands.backups, "log")];
  const unlogged = await commands.restore(PREFIX, wrongFolder, elsewhere);
  expect(unlogged.stderr).toMatch(
    /^There is no log in \S+\/log\/log\/\S+\. --logs names the folder that contains log\/;/,
  );
  expect(unlogged.code).toBe(1);
  expect(await linksIn(elsewhere)).toEqual(atMoment);
});
