import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { deliveriesOf, type NewEvent } from "@medconnect/platform/outbox/event.ts";
import { whyNotGenuine } from "@medconnect/platform/outbox/event-mac.ts";
import { countBacklog, insertDeliveries, type OutboxRow } from "@medconnect/platform/outbox/outbox-store.ts";
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
/** Adds three undelivered events to the outbox. Two are dead: they are not sent again by themselves. */
beforeEach(async () => {
  const { db, clock } = billing;
  await db.write("DELETE FROM outbox");
  const events = [1, 2, 3].map(
    (version): NewEvent => ({
      type: "payment.authorized",
      aggregateId: newId(),
      version,
      state: { $case: "payment", value: { bookingId: newId(), authorizeTime: clock.now() } },
    }),
  );
  const deliveries = deliveriesOf(events, { "payment.authorized": ["scheduling"] }, clock.now());
  await db.transaction(async (tx) => insertDeliveries(tx, deliveries, clock.now(), billing.hash));
  await db.write("UPDATE outbox SET dead = TRUE, refusals = 25, last_error = 'INTERNAL' ORDER BY id LIMIT 2");
  dead = (await db.read<{ id: string }>("SELECT id FROM outbox WHERE dead ORDER BY id")).map(({ id }) => id);
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const runWith = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "outbox.ts"), ...args], {
    env: { ...COMPILE_CACHE, ...env },
  })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((ended: Ended) => ended);
const databaseUrl = () => new URL(`/${schema}`, process.env.MYSQL_URL!).href;
const run = (...args: string[]) => runWith({ DATABASE_URL: databaseUrl() }, ...args);

const linesOf = (id: string) =>
  billing.db.read("SELECT action, actor_id FROM audit_events WHERE resource = ?", [`events/${id}`]);
const deadOnes = async () => (await countBacklog(billing.db)).find(({ dead }) => dead)?.waiting ?? 0;

test("list shows pending events and errors, and how to list more", async () => {
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

test("replay retries the named events, or all", async () => {
  expect(await run("replay", dead[0]!)).toMatchObject({
    code: 0,
    stdout: `${schema}: 1 to be tried again\n`,
  });
  expect(await deadOnes()).toBe(1);
  expect(await linesOf(dead[0]!)).toEqual([{ action: "dead_event.replay", actor_id: "command:outbox" }]);
  expect(await run("replay", "--all")).toMatchObject({ code: 0, stdout: `${schema}: 1 to be tried again\n` });
  expect(await deadOnes()).toBe(0);
  expect(await run("replay", "--all")).toMatchObject({ code: 0 });
});

test("replay reports an event that is not dead, and retries the others", async () => {
  expect(await run("replay", "UNKNOWN", dead[1]!)).toMatchObject({
    code: 1,
    stdout: `${schema}: 1 to be tried again\n`,
    stderr: "There is no event UNKNOWN that was refused too often.\n",
  });
  expect(await deadOnes()).toBe(1);
});

describe("an event that was refused as not genuine", () => {
  beforeEach(async () => {
    await billing.db.write("UPDATE outbox SET mac = NULL, last_error = 'UNSIGNED' WHERE id = ?", [dead[0]!]);
  });

  test("is not replayed, and is signed only under the service's own DATA_KEY", async () => {
    expect(await run("replay", "--all")).toMatchObject({ stdout: `${schema}: 1 to be tried again\n` });
    expect(await run("vouch", dead[0]!)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Set DATA_KEY to the service's"),
    });
    const key = randomBytes(32);
    const hash = await openKeyedHash(billing.db, new FieldCipher(key));
    const vouch = (dataKey: Buffer) =>
      runWith({ DATABASE_URL: databaseUrl(), DATA_KEY: dataKey.toString("base64") }, "vouch", ...dead);
    expect((await vouch(randomBytes(32))).code).toBe(1);
    expect(await vouch(key)).toMatchObject({
      code: 1,
      stdout: `${schema}: 1 signed, to be sent\n`,
      stderr: `There is no event ${dead[1]} that was refused as not the service's own.\n`,
    });
    const [row] = await billing.db.read<OutboxRow>(
      "SELECT dead, refusals, last_error AS lastError, destination, payload, mac FROM outbox WHERE id = ?",
      [dead[0]!],
    );
    expect(whyNotGenuine(hash, row!)).toBeUndefined();
    expect(row).toMatchObject({ dead: 0, refusals: 0, lastError: null });
    expect(await linesOf(dead[0]!)).toEqual([{ action: "outbox.vouch", actor_id: "command:outbox" }]);
  });

  test("is deleted by discard, which keeps the others", async () => {
    expect(await run("discard", ...dead)).toMatchObject({ code: 1, stdout: `${schema}: 1 deleted\n` });
    const left = await billing.db.read<{ id: string }>("SELECT id FROM outbox WHERE dead");
    expect(left).toEqual([{ id: dead[1] }]);
    expect(await linesOf(dead[0]!)).toEqual([{ action: "outbox.discard", actor_id: "command:outbox" }]);
  });
});

test.each([
  ["no command", [], "Say list, replay, vouch or discard."],
  ["an unknown action", ["show"], 'Say list, replay, vouch or discard, not "show".'],
  ["vouch for all", ["vouch", "--all"], "Name the events to vouch."],
  ["discard without ids", ["discard"], "Name the events to discard."],
  ["an unknown option", ["list", "--stack", "x"], "Unknown option '--stack'"],
  ["an invalid limit", ["list", "--limit", "abc"], "--limit must be a whole number of at least 1"],
  ["replay without ids", ["replay"], "Name the events to replay, or say --all, but not both."],
  ["list with --all", ["list", "--all"], "--all is for replay"],
  ["replay --all with a limit", ["replay", "--all", "--limit", "5"], "--dead and --limit are for list."],
  ["replay --all with --dead", ["replay", "--all", "--dead"], "--dead and --limit are for list."],
  ["--service beside DATABASE_URL", ["list", "--service", "auth"], "Leave --service auth out"],
])("refuses %s", async (_, args, message) => {
  expect(await run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
});

test("names the settings to set when no system runs", async () => {
  expect(await runWith({ STACK_JSON: "nowhere.json" }, "list")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nowhere.json is missing. Set STACK_JSON, or DATABASE_URL."),
  });
});
