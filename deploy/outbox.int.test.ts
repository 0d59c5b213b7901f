import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids.ts";
import { deliveriesOf } from "@medconnect/platform/outbox/event.ts";
import { countBacklog, insertDeliveries } from "@medconnect/platform/outbox/outbox-store.ts";
import { startTestService, type TestService } from "@medconnect/platform/testing/test-service.ts";

let billing: TestService;
let schema: string;
beforeAll(async () => {
  billing = await startTestService("billing");
  const [row] = await billing.db.read<{ name: string }>("SELECT DATABASE() AS name");
  schema = row!.name;
});
afterAll(() => billing.close());

let dead: string[];
/** Three events wait, of which two are dead. */
beforeEach(async () => {
  const { db, clock } = billing;
  await db.write("DELETE FROM outbox");
  const events = [1, 2, 3].map((version) => ({
    type: "payment.authorized",
    aggregateId: newId(),
    version,
    state: {},
  }));
  const deliveries = deliveriesOf(events, { "payment.authorized": ["scheduling"] }, clock.now());
  await db.transaction(async (tx) => insertDeliveries(tx, deliveries, clock.now()));
  await db.write("UPDATE outbox SET dead = TRUE, refusals = 25, last_error = 'INTERNAL' ORDER BY id LIMIT 2");
  dead = (await db.read<{ id: string }>("SELECT id FROM outbox WHERE dead ORDER BY id")).map(({ id }) => id);
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const runWith = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "outbox.ts"), ...args], { env })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((ended: Ended) => ended);
const run = (...args: string[]) =>
  runWith({ DATABASE_URL: new URL(`/${schema}`, process.env.MYSQL_URL!).href }, ...args);

const deadOnes = async () => (await countBacklog(billing.db)).find(({ dead }) => dead)?.waiting ?? 0;

test("list shows what waits and why, and says where there is more", async () => {
  const { code, stdout } = await run("list");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    new RegExp(
      `^${dead[0]}  payment.authorized of [\\da-f-]{36} to scheduling, made \\S+, dead, 25 refusals, last INTERNAL\\n`,
    ),
  );
  expect(stdout).toMatch(new RegExp(`, due \\S+\\n${schema}: 3 of 3\\n$`));
  expect((await run("list", "--dead")).stdout).toMatch(/: 2 of 2\n$/);
  const cut = await run("list", "--limit", "1");
  expect(cut.stdout).toMatch(/, dead, .*\n\S+: 1 of 3; --limit 3 shows all\n$/);
  await billing.db.write("DELETE FROM outbox");
  expect((await run("list")).stdout).toBe(`${schema}: nothing waits\n`);
});

test("replay has those that are named tried again, or all", async () => {
  expect(await run("replay", dead[0]!)).toMatchObject({
    code: 0,
    stdout: `${schema}: 1 to be tried again\n`,
  });
  expect(await deadOnes()).toBe(1);
  expect(await run("replay", "--all")).toMatchObject({ code: 0, stdout: `${schema}: 1 to be tried again\n` });
  expect(await deadOnes()).toBe(0);
  expect(await run("replay", "--all")).toMatchObject({ code: 0 });
});

test("replay tells of an event that is not dead, and has the others tried again", async () => {
  expect(await run("replay", "UNKNOWN", dead[1]!)).toMatchObject({
    code: 1,
    stdout: `${schema}: 1 to be tried again\n`,
    stderr: "There is no dead event UNKNOWN.\n",
  });
  expect(await deadOnes()).toBe(1);
});

test.each([
  ["no command", [], "Say list or replay."],
  ["a command that is none", ["show"], "Say list or replay."],
  ["an unknown flag", ["list", "--stack", "x"], "Unknown option '--stack'"],
  ["a limit that is none", ["list", "--limit", "abc"], "--limit must be a whole number above 0."],
  ["nothing named", ["replay"], "Name the events to replay, or say --all."],
  ["all of a list", ["list", "--all"], "--all is for replay"],
  ["to replay only some of all", ["replay", "--all", "--limit", "5"], "--dead and --limit are for list."],
  ["to replay what is dead, of all", ["replay", "--all", "--dead"], "--dead and --limit are for list."],
  ["a service beside a database", ["list", "--service", "auth"], "leave --service out"],
])("%s is refused with a clear word", async (_, args, word) => {
  expect(await run(...args)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(word) });
});

test("where no system runs, it says what else can be set", async () => {
  expect(await runWith({ STACK_JSON: "nowhere.json" }, "list")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("there is no nowhere.json. Set STACK_JSON, or DATABASE_URL."),
  });
});
