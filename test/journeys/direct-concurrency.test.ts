import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Connection, createConnection } from "mysql2/promise";
import { type Account, signUp } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc, type Reply, type ServiceName } from "../support/grpc.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";

const BOUND = 3;

/** For each service, an RPC that reads, and the table from which it reads. */
const READS: Record<ServiceName, { rpc: string; table: string }> = {
  auth: { rpc: "auth.v1.UserService/GetMe", table: "users" },
  scheduling: { rpc: "scheduling.v1.BookingService/ListBookings", table: "bookings" },
  clinical: { rpc: "clinical.v1.ConsultationService/ListConsultations", table: "consultations" },
  billing: { rpc: "billing.v1.PaymentService/ListPayments", table: "payments" },
};
const services = Object.keys(READS) as ServiceName[];

let stack: OwnStack;
let database: Connection;
let clients: Record<ServiceName, Grpc>;
let patient: Account;
let other: Account;

beforeAll(async () => {
  // The database time-out is longer than the test, so that no blocked call ends during the test.
  stack = await startOwnStack({ MAX_CALLER_REQUESTS: `${BOUND}`, DATABASE_TIMEOUT: "60s" });
  database = await createConnection({ uri: stack.urls.mysql });
  clients = Object.fromEntries(
    services.map((name) => [name, new Grpc(stack.addresses[name])]),
  ) as typeof clients;
  const api = new Api(stack.urls.gateway);
  [patient, other] = await Promise.all([signUp(api, "PATIENT"), signUp(api, "PATIENT")]);
}, START_TIMEOUT_MS);
afterAll(async () => {
  for (const client of Object.values(clients)) client.close();
  await database.end();
  await stack.stop();
}, START_TIMEOUT_MS);

/** Locks one table of each service while `work` runs, so that reads wait. */
async function holdingReads(work: () => Promise<void>): Promise<void> {
  const tables = services.map((name) => `${stack.schemaPrefix}${name}.${READS[name].table} WRITE`);
  await database.query(`LOCK TABLES ${tables.join(", ")}`);
  try {
    await work();
  } finally {
    await database.query("UNLOCK TABLES");
  }
}

test("each service limits an account's concurrent gRPC calls, independent of other services and accounts", async () => {
  const calls: Record<string, Promise<Reply>[]> = {};
  const ended: string[] = [];
  const send = (name: ServiceName, who: string, { token }: Account, times: number) => {
    const sent = Array.from({ length: times }, () => clients[name].call(READS[name].rpc, {}, { token }));
    calls[`${name} ${who}`] = sent;
    for (const call of sent) void call.then(({ reason }) => ended.push(`${name} ${who} ${reason}`));
  };
  const refused = services.map((name) => `${name} patient TOO_MANY_CONCURRENT_REQUESTS`);

  await holdingReads(async () => {
    for (const name of services) {
      send(name, "patient", patient, BOUND + 1);
      send(name, "other", other, BOUND);
    }
    await eventually(
      () => ended,
      ({ length }) => length >= refused.length,
      10_000,
    );
    expect(ended.toSorted()).toEqual(refused.toSorted());
  });

  for (const [who, sent] of Object.entries(calls)) {
    const oks = (await Promise.all(sent)).filter(({ name }) => name === "OK");
    expect([who, oks.length]).toEqual([who, BOUND]);
  }
  for (const name of services) {
    expect(await clients[name].call(READS[name].rpc, {}, patient)).toMatchObject({ name: "OK" });
  }
});
