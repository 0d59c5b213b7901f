import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { accountProof, passwordProof } from "@medconnect/auth/src/accounts/account-proofs.ts";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { AuditChain, type ChainHead } from "@medconnect/platform/audit/audit-chain.ts";
import { type AuditRecord, insertAuditEvents } from "@medconnect/platform/audit/audit-store.ts";
import { readHead } from "@medconnect/platform/audit/seal-store.ts";
import { Sealer } from "@medconnect/platform/audit/sealer.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { withBinaryIds } from "@medconnect/platform/testing/with-binary-ids.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { onOneServer, provision } from "./schemas/provision.ts";

const adminUrl = process.env.MYSQL_URL!;
const prefix = `v${process.pid}_`;
const key = randomBytes(32);
const urlOf = (service: string) =>
  `mysql://${prefix}${service}:x@${new URL(adminUrl).host}/${prefix}${service}`;

let admin: Connection;

/** Writes and seals audit events of billing, with the rights of billing's database user. */
beforeAll(async () => {
  const passwords = { auth: "x", scheduling: "x", clinical: "x", billing: "x" };
  await provision({ ...onOneServer(adminUrl, prefix), passwords });
  admin = await createConnection(adminUrl);
  const db = new Database({ url: urlOf("billing"), poolSize: 1, timeoutMs: 10_000 });
  const event = (): AuditRecord => ({
    id: newId(),
    action: "payment.authorize",
    actorId: newId(),
    subjectIds: [newId()],
    resource: "payments/1",
    outcome: "SUCCESS",
    requestId: "",
    traceId: "",
    occurTime: new Date(),
  });
  await db.transaction(async (tx) => insertAuditEvents(tx, [event(), event(), event()]));
  await new Sealer({ db, clock: systemClock, chain: new AuditChain("billing", [key]) }).seal();
  head = await readHead(db);
  await db.close();
  await checkpointOf(90);
});

let head: ChainHead;

/**
 * Stores a checkpoint of billing's newest seal at auth, which is billing's witness. The checkpoint has a time
 * that lies `secondsAgo` seconds in the past.
 */
async function checkpointOf(secondsAgo: number): Promise<void> {
  await admin.query(`DELETE FROM ${prefix}auth.audit_checkpoints`);
  await admin.query(
    `INSERT INTO ${prefix}auth.audit_checkpoints VALUES ('billing', ?, ?, NOW(3) - INTERVAL ? SECOND)`,
    [head.seq, head.hmac, secondsAgo],
  );
}

afterAll(async () => {
  for (const service of SERVICES) {
    await admin.query(`DROP DATABASE ${prefix}${service}`);
    await admin.query(`DROP USER ${prefix}${service}`);
  }
  await admin.end();
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "verify-audit.ts"), ...args], {
    env: { ...COMPILE_CACHE, ...env },
  })
    .then((output) => ({ code: 0, ...output }))
    .catch((ended: Ended) => ended);

const ofBilling = () => ({
  DATABASE_URL: urlOf("billing"),
  WITNESS_DATABASE_URL: urlOf("auth"),
  AUDIT_KEY: key.toString("base64"),
});

const verify = (env: NodeJS.ProcessEnv = {}) => run(["--service", "billing"], { ...ofBilling(), ...env });

test("exits with 0 without findings, and prints the age of the newest checkpoint", async () => {
  const { code, stdout } = await verify();
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^billing: 4 seals and checkpoints, 0 findings; newest checkpoint \d+ (?:s|min) old\n$/,
    ),
  });
});

test("exits with 1 if no checkpoint arrived within the grace", async () => {
  await admin.query(`DELETE FROM ${prefix}auth.audit_checkpoints`);
  const { code, stdout } = await run(["--service", "billing", "--grace", "1ms"], ofBilling());
  expect(code).toBe(1);
  expect(stdout).toMatch(/^billing: the witness was told of no seal from this one on.*: seal 1, event /);
  expect(stdout).toContain("billing: 3 seals and checkpoints, 1 findings; no checkpoint\n");
  await checkpointOf(3 * 3600);
  expect((await verify()).stdout).toContain("0 findings; newest checkpoint 3 h old\n");
});

test("skips the checkpoints only on request, and prints the limit of that", async () => {
  const env = { ...ofBilling(), WITNESS_DATABASE_URL: undefined };
  expect(await run(["--service", "billing"], env)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("WITNESS_DATABASE_URL is missing; --no-witness works without it"),
  });
  const { code, stdout } = await run(["--service", "billing", "--no-witness"], env);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining("a cut-off end is not found"),
  });
});

test("reports a checkpoint that is dated in the future", async () => {
  await checkpointOf(-24 * 3600);
  expect((await verify()).stdout).toMatch(/newest checkpoint dated \d{4}-.*, which is in the future\n$/);
  await checkpointOf(90);
});

test("prints an event with an invalid time", async () => {
  const events = `${prefix}billing.audit_events`;
  const first = `WHERE id = (SELECT event_id FROM ${prefix}billing.audit_seals WHERE seq = 1)`;
  await admin.query(
    `CREATE TEMPORARY TABLE ${prefix}billing.times SELECT occur_time FROM ${events} ${first}`,
  );
  await admin.query("SET SESSION sql_mode = ''");
  await admin.query(`UPDATE ${events} SET occur_time = '0000-00-00' ${first}`);
  await admin.query("SET SESSION sql_mode = DEFAULT");
  const { code, stdout } = await verify();
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(", at no valid time [") });
  await admin.query(
    `UPDATE ${events} SET occur_time = (SELECT occur_time FROM ${prefix}billing.times) ${first}`,
  );
  expect(await verify()).toMatchObject({ code: 0 });
});

test("prints changed events, and exits with 1", async () => {
  await admin.query(`UPDATE ${prefix}billing.audit_events SET actor_id = 'mallory'`);
  const { code, stdout } = await verify();
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^billing: an event was changed, or is not the one that was sealed here: seal 1, event [0-9a-f-]{36}, /,
  );
  expect(stdout).toContain("billing: 4 seals and checkpoints, 3 findings; newest");
});

describe("an acknowledged finding", () => {
  const REASON = "The restore of 3 May; see incident 17.";
  const acknowledge = (id: string, reason = REASON) =>
    run(["--service", "billing", "--acknowledge", id, "--reason", reason], ofBilling());
  const idsIn = (stdout: string) => [...stdout.matchAll(/\[([0-9a-f]{16})[\],]/g)].map(([, id]) => id!);

  test("needs AUDIT_KEY and no longer counts, and another change of the event is another finding", async () => {
    const ids = idsIn((await verify()).stdout);
    expect(new Set(ids).size).toBe(3);
    const { code, stdout } = await acknowledge(ids[0]!);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^billing: ${ids[0]} is acknowledged: an event was changed`)),
    });
    for (const id of ids.slice(1)) await acknowledge(id);
    const clean = await verify();
    expect(clean.code).toBe(0);
    expect(clean.stdout).toContain(`: ${REASON}]`);
    expect(clean.stdout).toContain("0 findings, 3 acknowledged; newest");

    const [lines] = await admin.query(
      `SELECT actor_id, resource FROM ${prefix}billing.audit_events WHERE action = 'audit.acknowledge'
       ORDER BY resource`,
    );
    expect(lines).toEqual(
      ids.toSorted().map((id) => ({ actor_id: "command:audit-verify", resource: `findings/${id}` })),
    );
    await admin.query(
      `UPDATE ${prefix}billing.audit_events SET actor_id = 'eve' WHERE actor_id = 'mallory' LIMIT 1`,
    );
    expect((await verify()).stdout).toContain("1 findings, 2 acknowledged; newest");
  });

  test("cannot be forged with the database alone", async () => {
    const [open] = idsIn((await verify()).stdout.split("\n").find((line) => !line.includes("acknowledged"))!);
    await admin.query(
      `INSERT INTO ${prefix}billing.audit_acknowledgements
       SELECT ?, reason, create_time, hmac FROM ${prefix}billing.audit_acknowledgements LIMIT 1`,
      [open],
    );
    await admin.query(
      `UPDATE ${prefix}billing.audit_acknowledgements SET reason = 'nothing' WHERE finding_id <> ?`,
      [open],
    );
    expect((await verify()).stdout).toContain("3 findings; newest");
  });

  test.each([
    ["with an unknown id", "0123456789abcdef", REASON, "No open finding has the id 0123456789abcdef"],
    [
      "without a word",
      "0123456789abcdef",
      ` ${"\u200b".repeat(30)} `,
      "--reason must have 20 visible characters",
    ],
  ])("is not acknowledged %s", async (_case, id, reason, message) => {
    const { code, stderr } = await acknowledge(id, reason);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe("a right that MySQL's administrator writes into auth's tables", () => {
  const verifyAuth = (args: string[] = []) =>
    run(["--service", "auth", ...args], {
      DATABASE_URL: urlOf("auth"),
      WITNESS_DATABASE_URL: urlOf("scheduling"),
      AUDIT_KEY: key.toString("base64"),
      DATA_KEY: key.toString("base64"),
    });
  const findingsIn = (stdout: string) =>
    stdout.split("\n").filter((line) => /\[[0-9a-f]{16}[\],]/.test(line));
  const [user, account] = [newId(), newId()];
  const sql = (statement: string, ...params: (string | number | Buffer)[]) =>
    admin.query(statement.replaceAll("auth.", `${prefix}auth.`), withBinaryIds(params));

  beforeAll(async () => {
    const db = new Database({ url: urlOf("auth"), poolSize: 1, timeoutMs: 10_000 });
    const hash = await openKeyedHash(db, new FieldCipher(key));
    await db.close();
    await sql(
      `INSERT INTO auth.users (id, email, password_hash, password_set_time, full_name, role, create_time,
         account_proof, password_proof)
       VALUES (?, 'a@b.test', 'x', NOW(3), 'A', 'PATIENT', NOW(3), ?, ?)`,
      user,
      accountProof(hash, { id: user, email: "a@b.test", role: "PATIENT" }),
      passwordProof(hash, user, "x"),
    );
    await sql("INSERT INTO auth.service_accounts VALUES (?, 'A', '[]', 'ACTIVE', NOW(3))", account);
    expect(await verifyAuth()).toMatchObject({ code: 0 });
  });

  test.each([
    [
      "a role",
      "UPDATE auth.users SET role = 'ADMIN'",
      "UPDATE auth.users SET role = 'PATIENT'",
      () => `users/${user}, ADMIN`,
    ],
    [
      "a status",
      "UPDATE auth.users SET status = 'DISABLED'",
      "UPDATE auth.users SET status = 'ACTIVE'",
      () => `users/${user}, DISABLED`,
    ],
    [
      "a password",
      "UPDATE auth.users SET password_hash = 'y'",
      "UPDATE auth.users SET password_hash = 'x'",
      () => `users/${user}, [0-9a-f]{8}`,
    ],
    [
      "an address",
      "UPDATE auth.users SET email = 'c@d.test'",
      "UPDATE auth.users SET email = 'a@b.test'",
      () => `users/${user}, PATIENT [0-9a-f]{8}`,
    ],
    [
      "a second factor",
      "INSERT INTO auth.mfa_totp SELECT id, 'x', 0, NOW(3) FROM auth.users",
      "DELETE FROM auth.mfa_totp",
      () => `users/${user}, active`,
    ],
    [
      "a scope",
      `UPDATE auth.service_accounts SET scopes = '["admin.users.read"]'`,
      "UPDATE auth.service_accounts SET scopes = '[]'",
      () => `service-accounts/${account}, admin.users.read`,
    ],
    [
      "a service account's status",
      "UPDATE auth.service_accounts SET status = 'DISABLED'",
      "UPDATE auth.service_accounts SET status = 'ACTIVE'",
      () => `service-accounts/${account}, DISABLED`,
    ],
    [
      "a signing key",
      "INSERT INTO auth.signing_keys (kid, generation, public_key, create_time) VALUES ('forged', 0, 'x', NOW(3))",
      "DELETE FROM auth.signing_keys",
      () => "keys/forged, in use",
    ],
  ])("is reported by exit code and line: %s", async (_what, does, undo, named) => {
    await sql(does);
    const { code, stdout } = await verifyAuth();
    await sql(undo);
    expect(code).toBe(1);
    // The one finding also shows that those of the cases before are gone.
    expect(findingsIn(stdout)).toEqual([expect.stringMatching(new RegExp(`: ${named()} \\[`))]);
  });

  test("is no longer reported once it is taken back", async () => {
    expect(await verifyAuth()).toMatchObject({ code: 0 });
  });

  test("counts again if the change comes back after its acknowledgement has ended", async () => {
    const set = (role: string) => sql("UPDATE auth.users SET role = ?", role);
    const acknowledge = (id: string) =>
      verifyAuth(["--acknowledge", id, "--reason", "Set by hand on 3 May; see incident 18."]);
    await set("ADMIN");
    const [finding] = findingsIn((await verifyAuth()).stdout);
    const id = /\[([0-9a-f]{16})\]/.exec(finding!)![1]!;
    expect(await acknowledge(id)).toMatchObject({ code: 0 });
    expect(await verifyAuth()).toMatchObject({ code: 0 });

    await set("PATIENT");
    expect((await verifyAuth(["--no-witness"])).stdout).not.toContain("its acknowledgement ends");
    expect(await verifyAuth()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`auth: ${id} is gone, so its acknowledgement ends\n`),
    });
    expect((await verifyAuth()).stdout).not.toContain("its acknowledgement ends");

    await set("ADMIN");
    const again = await verifyAuth();
    expect(again.code).toBe(1);
    expect(findingsIn(again.stdout)).toEqual([expect.stringContaining(`[${id}]`)]);
    expect(await acknowledge(id)).toMatchObject({ code: 0 });
    expect(await verifyAuth()).toMatchObject({ code: 0 });
    await set("PATIENT");
    const [lines] = await sql(
      "SELECT action FROM auth.audit_events WHERE resource = ? ORDER BY occur_time",
      `findings/${id}`,
    );
    expect(lines).toEqual([
      { action: "audit.acknowledge" },
      { action: "audit.end_acknowledgement" },
      { action: "audit.acknowledge" },
    ]);
  });
});

test("a checkpoint planted at the witness can be acknowledged", async () => {
  await admin.query(`INSERT INTO ${prefix}auth.audit_checkpoints VALUES ('billing', 999999, ?, NOW(3))`, [
    Buffer.alloc(32, 7),
  ]);
  const planted = (await verify()).stdout.split("\n").find((line) => line.includes("seal 999999"))!;
  const [, id] = /\[([0-9a-f]{16})\]/.exec(planted)!;
  const reason = "Planted while scheduling was taken over.";
  await run(["--service", "billing", "--acknowledge", id!, "--reason", reason], ofBilling());
  expect((await verify()).stdout).toMatch(/seal 999999.*acknowledged/);
});

test.each([
  ["an unknown service", ["--service", "nobody"], {}, "There is no service nobody."],
  ["an unknown option", ["--nonsense"], {}, "Unknown option '--nonsense'"],
  ["an invalid duration", ["--grace", "soon"], {}, "--grace must be a duration"],
  [
    "a system that does not run",
    [],
    { STACK_JSON: "nowhere.json" },
    "No system was started here: nowhere.json is missing.",
  ],
  [
    "a database without its service",
    [],
    { DATABASE_URL: "mysql://x" },
    "DATABASE_URL is set: name its service with --service.",
  ],
  [
    "a missing key",
    ["--service", "auth"],
    { DATABASE_URL: "mysql://x" },
    "AUDIT_KEY is required: 32 bytes, base64 (openssl rand -base64 32); or name a file that holds it in AUDIT_KEY_FILE",
  ],
])("exits with 2 for %s", async (_, args, env, message) => {
  const { code, stderr } = await run(args, env);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
});

test("--help names its settings", async () => {
  const { code, stdout } = await run(["--help"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("WITNESS_DATABASE_URL") });
});
