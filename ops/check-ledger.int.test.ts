import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type BillingTest, startBilling } from "@medconnect/billing/src/testing/billing-fixture.ts";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";

let billing: BillingTest;
let databaseUrl: string;
let paymentId: string;
let doctorId: string;

/** Records a payment of 50 USD in the ledger, and a refund of 20 USD. */
beforeAll(async () => {
  billing = await startBilling();
  const [row] = await billing.app.db.read<{ name: string }>("SELECT DATABASE() AS name");
  databaseUrl = new URL(`/${row!.name}`, process.env.MYSQL_URL!).href;
  const patient = userCaller("PATIENT");
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient);
  await billing.deliver(held.completed);
  await billing.process();
  await billing.refund(held.paymentId, 2000);
  ({ id: paymentId, doctorId } = await billing.read(held.paymentId));
});
afterAll(() => billing.app.close());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "check-ledger.ts"), ...args], {
    env: { ...COMPILE_CACHE, DATABASE_URL: databaseUrl },
  })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((error: Ended) => error);

test("checks the ledger without options", async () => {
  expect(await run()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+ checks, 0 violations\n$/),
  });
});

test("--doctor and --payment print balances", async () => {
  expect(await run("--doctor", doctorId)).toMatchObject({
    code: 0,
    stdout: `doctor:${doctorId}: 3000 USD\n`,
  });
  expect((await run("--payment", paymentId)).stdout).toBe(
    `doctor:${doctorId}: 3000 USD\nprovider_clearing:stub: -3000 USD\n`,
  );
});

test("prints that an id has no entries, and refuses other text", async () => {
  const id = newId();
  expect((await run("--payment", id)).stdout).toBe(`payment ${id}: no entries\n`);
  expect(await run("--doctor", "dr-who")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--help"),
  });
  expect((await run("--help")).stdout).toContain("--doctor ID");
});
