import { createHash, randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { scrapeAll } from "../observability/scrape.ts";
import { type Account, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let database: Connection;
let admin: Account;
let attacker: Account;

/** Opens auth's schema. The tests write rows to it, like an attacker with access to the database. */
beforeAll(async () => {
  [admin, attacker] = [await signUpAdmin(api, stack), await signUp(api, "PATIENT")];
  database = await createConnection({ uri: stack.urls.mysql, database: "medconnect_auth", timezone: "Z" });
});
afterAll(() => database.end());

const hashOf = (token: string) => createHash("sha256").update(token).digest();
const newToken = () => randomBytes(32).toString("base64url");
const inAnHour = () => new Date(Date.now() + 3_600_000);
const refresh = (refreshToken: string) => api.send("POST /v1/auth/token:refresh", { body: { refreshToken } });

async function refused(table: string): Promise<number> {
  const samples = (await scrapeAll()).auth.filter(({ name }) => name === "credentials_refused_total");
  return samples.find(({ labels }) => labels.table === table)?.value ?? 0;
}

test("an inserted session and refresh token give no admin access, and are counted", async () => {
  const before = await refused("refresh_tokens");
  const [token, id] = [newToken(), binaryId(randomUUID())];
  await database.query(
    "INSERT INTO sessions (id, user_id, auth_time, expire_time) VALUES (?, ?, NOW(3), ?)",
    [id, binaryId(admin.id), inAnHour()],
  );
  await database.query("INSERT INTO refresh_tokens (token_hash, session_id, expire_time) VALUES (?, ?, ?)", [
    hashOf(token),
    id,
    inAnHour(),
  ]);
  expect(await refresh(token)).toMatchObject({ status: 401, body: { reason: "INVALID_REFRESH_TOKEN" } });
  expect(await refused("refresh_tokens")).toBe(before + 1);
});

test.each([
  ["session", "UPDATE sessions SET user_id = ? WHERE user_id = ?"],
  [
    "refresh token",
    `UPDATE refresh_tokens SET session_id = (SELECT id FROM sessions WHERE user_id = ? LIMIT 1)
     WHERE session_id IN (SELECT id FROM sessions WHERE user_id = ?)`,
  ],
])("an own %s reassigned to an admin gives no admin access", async (_what, sql) => {
  const own = await signUp(api, "PATIENT");
  await database.query(sql, [binaryId(admin.id), binaryId(own.id)]);
  expect(await refresh(own.refreshToken)).toMatchObject({ status: 401 });
});

test("an account with a changed role or password in auth's database cannot sign in", async () => {
  const own = await signUp(api, "PATIENT");
  const body = { email: own.email, password: PASSWORD };
  await database.query("UPDATE users SET role = 'ADMIN' WHERE id = ?", [binaryId(own.id)]);
  expect((await api.send("POST /v1/auth/login", { body })).status).toBe(401);
  expect((await refresh(own.refreshToken)).status).toBe(401);
  await database.query(
    `UPDATE users u JOIN users o ON o.id = ? SET u.role = 'PATIENT', u.password_hash = o.password_hash
     WHERE u.id = ?`,
    [binaryId(attacker.id), binaryId(own.id)],
  );
  expect((await api.send("POST /v1/auth/login", { body })).status).toBe(401);
});

test("an inserted link resets no password", async () => {
  const token = newToken();
  await database.query(
    "INSERT INTO link_tokens (token_hash, user_id, purpose, expire_time) VALUES (?, ?, 'RESET_PASSWORD', ?)",
    [hashOf(token), binaryId(admin.id), inAnHour()],
  );
  const body = { token, password: "three unrelated words, and one" };
  const answer = await api.send("POST /v1/auth/password:reset", { body });
  expect(answer).toMatchObject({ body: { reason: "INVALID_LINK_TOKEN" } });
  expect((await refresh(attacker.refreshToken)).status).toBe(200);
});
