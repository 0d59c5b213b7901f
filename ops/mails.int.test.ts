import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { countMails } from "@medconnect/auth/src/mail/mail-store.ts";
import { queueMail } from "@medconnect/auth/src/mail/queue-mail.ts";
import { startTestAuth, type TestAuth } from "@medconnect/auth/src/testing/test-auth.ts";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";

let auth: TestAuth;
let databaseUrl: string;
beforeAll(async () => {
  auth = await startTestAuth();
  const [row] = await auth.app.db.read<{ name: string }>("SELECT DATABASE() AS name");
  databaseUrl = new URL(`/${row!.name}`, process.env.MYSQL_URL!).href;
});
afterAll(() => auth.close());

let refused: string[];
/** Queues three mails. The mail server has refused two of them; the third still waits. */
beforeEach(async () => {
  const { db } = auth.app;
  await db.write("DELETE FROM mails");
  const account = { id: newId(), email: "pat@example.org" };
  for (let i = 0; i < 3; i++)
    await db.transaction(async (tx) => queueMail(auth.app, tx, account, { template: "mfa-reset" }));
  await db.write("UPDATE mails SET dead = TRUE, tries = 1, last_error = 'EENVELOPE 550' ORDER BY id LIMIT 2");
  refused = (await db.read<{ id: string }>("SELECT id FROM mails WHERE dead")).map(({ id }) => id);
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "mails.ts"), ...args], {
    env: { ...COMPILE_CACHE, DATABASE_URL: databaseUrl },
  })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((error: Ended) => error);

test("list shows pending mails and errors, without addresses or contents", async () => {
  const { code, stdout } = await run("list");
  expect(code).toBe(0);
  expect(stdout).toMatch(/mfa-reset to users\/[\da-f-]{36}, .*, refused, 1 tries, last EENVELOPE 550\n/);
  expect(stdout).toMatch(/, due \S+\n3 of 3, 2 refused\n$/);
  expect(stdout).not.toContain("example.org");
  expect((await run("list", "--dead", "--limit", "1")).stdout).toMatch(/\n1 of 2, 2 refused\n$/);
});

test("retry retries the named mails, or all", async () => {
  expect(await run("retry", refused[0]!)).toMatchObject({ code: 0, stdout: "1 to be tried again\n" });
  expect(await countMails(auth.app.db)).toEqual({ waiting: 2, dead: 1 });
  expect(
    await auth.app.db.read("SELECT action, actor_id FROM audit_events WHERE resource = ?", [
      `mails/${refused[0]}`,
    ]),
  ).toEqual([{ action: "dead_mail.retry", actor_id: "command:mails" }]);
  expect(await run("retry", refused[0]!)).toMatchObject({ code: 1, stdout: "0 to be tried again\n" });
  expect(await run("retry", "--all")).toMatchObject({ code: 0, stdout: "1 to be tried again\n" });
  expect(await countMails(auth.app.db)).toEqual({ waiting: 3, dead: 0 });
});

test.each([
  ["a missing action", [], "Say list or retry."],
  ["an unknown option", ["list", "--nonsense"], "Unknown option '--nonsense'"],
  ["an invalid limit", ["list", "--limit", "many"], "--limit must be a whole number of at least 1"],
  ["retry without ids", ["retry"], "Name the mails to retry, or say --all, but not both."],
  ["an invalid id", ["retry", "all"], '"all" is not an id'],
])("refuses %s", async (_, args, message) => {
  expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});
