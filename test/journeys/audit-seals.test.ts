import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { FINDINGS } from "@medconnect/ops/audit/verify-trail.ts";
import { SERVICES, WITNESS_OF } from "@medconnect/topology/services.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { signUp } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { book, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const { urls } = sharedStack();
let db: Connection;
/** Time at which the check starts, by MySQL's clock. Events after it may still lack a seal. */
let startTime: string;

beforeAll(async () => {
  db = await createConnection(urls.mysql);
  const api = new Api(urls.gateway);
  await book(await signUp(api, "PATIENT"), await offer(await openPractice(api), SOON_MS));
  const [[row]] = await db.query<RowDataPacket[]>("SELECT CAST(NOW(3) AS CHAR) AS now");
  startTime = String(row?.now);
});
afterAll(() => db.end());

const count = async (sql: string): Promise<number> => {
  const [[row]] = await db.query<RowDataPacket[]>(`SELECT COUNT(*) AS n ${sql}`);
  return Number(row!.n);
};

test.each(["auth", "scheduling", "clinical"] as const)(
  "%s seals its events, and sends checkpoints to its witness",
  async (name) => {
    const seals = `medconnect_${name}.audit_seals s`;
    const checkpoints = `FROM medconnect_${WITNESS_OF[name]}.audit_checkpoints c JOIN ${seals}
    ON s.seq = c.seq AND s.hmac = c.hmac WHERE c.service = '${name}'`;
    await eventually(
      () => count(checkpoints),
      (stored) => stored > 0,
    );
    const unsealed = `FROM medconnect_${name}.audit_events e LEFT JOIN ${seals} ON s.event_id = e.id
    WHERE s.seq IS NULL AND e.occur_time < '${startTime}'`;
    await eventually(
      () => count(unsealed),
      (events) => events === 0,
    );
  },
);

test("the command finds no change in any service's trail", async () => {
  // The environment variable STACK_JSON tells the command which system to verify.
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, ["ops/verify-audit.ts"], (_, stdout) => resolve(stdout)),
  );
  for (const name of SERVICES)
    expect(output).toMatch(new RegExp(`^${name}: \\d+ seals and checkpoints, `, "m"));
  // TRUNCATED and REWRITTEN are ignored, because other tests store false checkpoints at the witnesses.
  const { TRUNCATED: _, REWRITTEN: __, ...others } = FINDINGS;
  for (const finding of Object.values(others)) expect(output).not.toContain(finding);
});
