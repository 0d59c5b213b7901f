import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { COOL_DOWN_MS } from "@medconnect/platform/identity/issuer-keys.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { scrapeAll } from "../observability/scrape.ts";
import { type Account, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type ServiceName } from "../support/grpc.ts";
import { decoded, ed25519, jwt } from "../support/jwt.ts";
import { READS } from "../support/own-stack.ts";
import { sharedStack } from "../support/stack.ts";

const RPCS: [ServiceName, string][] = [
  ["auth", "auth.v1.UserService/ListUsers"],
  ["scheduling", "scheduling.v1.BookingService/ListBookings"],
  ["clinical", "clinical.v1.ConsultationService/ListConsultations"],
  ["billing", "billing.v1.PaymentService/ListPayments"],
];
const KID = "a-key-that-auth-did-not-make";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const attacker = generateKeyPairSync("ed25519");
const clients = RPCS.map(([name]) => new Grpc(stack.addresses[name]));
let database: Connection;
let admin: Account;

/** Inserts a key like an attacker with access to the database. */
beforeAll(async () => {
  admin = await signUpAdmin(api, stack);
  database = await createConnection({ uri: stack.urls.mysql, database: "medconnect_auth" });
  await database.query(
    `INSERT INTO signing_keys (kid, generation, public_key, create_time) VALUES (?, 0, ?, UTC_TIMESTAMP(3))`,
    [KID, attacker.publicKey.export({ format: "jwk" }).x],
  );
});
afterAll(async () => {
  await database.query("DELETE FROM signing_keys WHERE kid = ?", [KID]);
  await database.end();
  for (const client of clients) client.close();
});

/**
 * Returns the number of keys that auth has refused, from its metrics. Auth checks its keys whenever it reads
 * them, for example for the request here.
 */
async function refusedKeys(): Promise<number | undefined> {
  await api.ok("GET /.well-known/jwks.json");
  return (await scrapeAll()).auth.find(({ name }) => name === "signing_keys_refused")?.value;
}

async function answersTo(token: string): Promise<(number | string)[]> {
  const own = api.as(token);
  const paths = [...Object.values(READS), "/v1/admin/users", "/v1/admin/audit-events"];
  return await Promise.all([
    ...paths.map(async (path) => (await own.send(`GET ${path}`)).status),
    ...RPCS.map(async ([, rpc], i) => (await clients[i]!.call(rpc, {}, { token })).name),
  ]);
}

test("an ADMIN token under an inserted key is refused everywhere, and the key is counted", async () => {
  const { header, claims } = decoded(admin.token);
  const token = jwt({ ...header, kid: KID }, claims, ed25519(attacker.privateKey));
  expect(await eventually(refusedKeys, (count) => count === 1)).toBe(1);
  const { keys } = await api.ok("GET /.well-known/jwks.json");
  expect((keys as Json[]).map(({ kid }) => kid)).not.toContain(KID);
  // Runs for so long that every process fetches auth's keys again. A token with an unknown key causes a
  // fetch, at most every five seconds.
  const untilMs = Date.now() + COOL_DOWN_MS + 1000;
  const seen = new Set<number | string>();
  while (Date.now() < untilMs) for (const answer of await answersTo(token)) seen.add(answer);
  expect([...seen].sort()).toEqual([401, "UNAUTHENTICATED"]);
});
