import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { migrate } from "@medconnect/platform/db/migrate.ts";
import { type Connection, createConnection } from "mysql2/promise";

const url = process.env.MYSQL_URL!;
const ROOT = join(import.meta.dirname, "../..");
const schemas: string[] = [];

afterAll(async () => {
  const admin = await createConnection(url);
  for (const schema of schemas) await admin.query("DROP DATABASE ??", [schema]);
  await admin.end();
});

/** Fills a service's schema as its first migration left it, migrates it, and reads from it. */
async function afterMigration(
  service: string,
  fill: string,
  read: (connection: Connection) => Promise<unknown>,
): Promise<unknown> {
  const schema = `older_${service}_${process.pid}`;
  schemas.push(schema);
  const connection = await createConnection({ uri: url, multipleStatements: true });
  const first = await mkdtemp(join(tmpdir(), "migrations-"));
  try {
    await connection.query("CREATE DATABASE ??", [schema]);
    await connection.changeUser({ database: schema });
    const directory = join(ROOT, "services", service, "migrations");
    const baseline = `0001_${service}.sql`;
    await copyFile(join(directory, baseline), join(first, baseline));
    await migrate({ url, schema, directory: first });
    await connection.query(fill);
    await migrate({ url, schema, directory });
    return await read(connection);
  } finally {
    await rm(first, { recursive: true });
    await connection.end();
  }
}

const rowsOf = (sql: string) => async (connection: Connection) => (await connection.query(sql))[0];
const id = (n: number) => `UNHEX(LPAD(${n}, 32, '0'))`;

test("licences verified before names were kept have the profile's name, and none waits for an admin", async () => {
  const doctor = `INSERT INTO doctors (id, display_name, specialty, bio, languages, time_zone, fee_minor, hidden, version,
    create_time, licensing_version) VALUES (${id(1)}, 'Ana Øre', 'x', '', '[]', 'UTC', 0, FALSE, 1, NOW(), 1)`;
  const license = (n: number, status: string) =>
    `INSERT INTO licenses (id, doctor_id, number, region, expire_date, status, create_time)
     VALUES (${id(n)}, ${id(1)}, 'N-${n}', 'DE', '9999-12-31', '${status}', NOW())`;
  const fill = [doctor, license(1, "VERIFIED"), license(2, "PENDING"), license(3, "REVOKED")].join(";");
  const read = rowsOf("SELECT status, verified_name, awaits_decision FROM licenses ORDER BY id");
  expect(await afterMigration("scheduling", fill, read)).toEqual([
    { status: "VERIFIED", verified_name: "Ana Øre", awaits_decision: 0 },
    { status: "PENDING", verified_name: null, awaits_decision: 1 },
    { status: "REVOKED", verified_name: null, awaits_decision: 0 },
  ]);
});

test("doctors licensed before names were sent have the account's name", async () => {
  const fill = `INSERT INTO people (user_id, full_name, role) VALUES (${id(1)}, 'Ana Øre', 'DOCTOR');
    INSERT INTO doctors (doctor_id, licensed_until) VALUES (${id(1)}, '9999-12-31'), (${id(2)}, NULL)`;
  const read = rowsOf("SELECT display_name FROM doctors ORDER BY doctor_id");
  expect(await afterMigration("clinical", fill, read)).toEqual([
    { display_name: "Ana Øre" },
    { display_name: null },
  ]);
});
