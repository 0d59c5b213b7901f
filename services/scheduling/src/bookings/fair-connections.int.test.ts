import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { withBorrower } from "@medconnect/platform/db/borrower.ts";
import { borrowerOf } from "@medconnect/platform/grpc/borrower-of.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  BookingServiceService,
  ListBookingsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { context } from "@opentelemetry/api";
import { type Connection, createConnection } from "mysql2/promise";
import { eventually } from "../../../../test/support/eventually.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { listBookings } from "./read-bookings.ts";

const SLOW = "SELECT GET_LOCK('slow', 60), RELEASE_LOCK('slow')";
/** Maximum number of connections that one caller may occupy: a quarter of a test service's connections. */
const SHARE = 10;

let fixture: SchedulingFixture;
let console: Connection;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  await fixture.createDoctor(0);
  const [schema] = await fixture.app.db.read<{ name: string }>("SELECT DATABASE() AS name");
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = `/${schema!.name}`;
  console = await createConnection(url.href);
});
afterAll(async () => {
  await console.end();
  await fixture.close();
});

/** Counts the statements that wait for the lock that the test holds in MySQL. */
async function waiting(): Promise<number> {
  const rows = await fixture.app.db.read(
    "SELECT 1 FROM information_schema.PROCESSLIST WHERE db = DATABASE() AND state = 'User lock'",
  );
  return rows.length;
}

test("one caller's audited reads leave connections to a booking", async () => {
  await fixture.book((await fixture.createSlot(60)).id, userCaller("PATIENT"));
  const { id: slotId } = await fixture.createSlot(90);
  await console.query(
    `CREATE TRIGGER slow_lines BEFORE INSERT ON audit_events FOR EACH ROW
     SET @slow = IF(NEW.actor_id = '${fixture.doctor.userId}', GET_LOCK('slow', 60) + RELEASE_LOCK('slow'), 0)`,
  );
  await console.query("SELECT GET_LOCK('slow', 0)");
  const request = ListBookingsRequest.fromPartial({ pageSize: 10 });
  const { listBookings: method } = BookingServiceService;
  const lists = Array.from({ length: 48 }, () =>
    invoke(method, bound(listBookings, fixture.app), fixture.doctor, request),
  );
  try {
    await eventually(waiting, (count) => count === SHARE);
    await fixture.book(slotId, userCaller("PATIENT"));
    expect(await waiting()).toBe(SHARE);
  } finally {
    await console.query("DO RELEASE_LOCK('slow')");
    await Promise.allSettled(lists);
  }
  for (const list of await Promise.allSettled(lists)) expect(list.status).toBe("fulfilled");
});

test("a group of bookings counts for none of its callers, so a busy caller delays no other", async () => {
  const patient = userCaller("PATIENT");
  // A patient's first booking inserts the patient's row in a transaction of its own. This test needs a later
  // booking, because other bookings can share its transaction.
  await fixture.book((await fixture.createSlot(120)).id, patient);
  const { id: slotId } = await fixture.createSlot(150);
  await console.query("SELECT GET_LOCK('slow', 0)");
  const callContext = withBorrower(context.active(), borrowerOf(patient, "192.0.2.1"));
  const slow = Array.from({ length: SHARE + 1 }, () =>
    context.with(callContext, () => fixture.app.db.transaction((tx) => tx.read(SLOW))),
  );
  try {
    await eventually(waiting, (count) => count === SHARE);
    await fixture.book(slotId, patient);
    expect(await waiting()).toBe(SHARE);
  } finally {
    await console.query("DO RELEASE_LOCK('slow')");
    await Promise.all(slow);
  }
});
