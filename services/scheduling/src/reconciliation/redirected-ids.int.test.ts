import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { findBooking } from "../bookings/booking-store.ts";
import { ReconciliationFixture } from "../testing/reconciliation-fixture.ts";

let fixture: ReconciliationFixture;

beforeAll(async () => {
  fixture = await ReconciliationFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

/**
 * Manipulations that give booking `b` an id of another booking `o`, each with the findings that it must lead
 * to.
 */
const REDIRECTIONS: [string, set: string, findings: string[]][] = [
  [
    "payment_id to the other's",
    "b.payment_id = o.payment_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  [
    "consultation_id to the other's",
    "b.consultation_id = o.consultation_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  [
    "both ids to the other's",
    "b.payment_id = o.payment_id, b.consultation_id = o.consultation_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  ["payment_id to an unknown id", "b.payment_id = o.id", ["CONSULTATION_IDS_DIFFER"]],
  ["consultation_id to an unknown id", "b.consultation_id = o.id", ["PAYMENT_IDS_DIFFER"]],
  ["payment_id to NULL", "b.payment_id = NULL", ["PAYMENT_ID_MISSING", "CONSULTATION_IDS_DIFFER"]],
  [
    "payment_id and fee to NULL",
    "b.payment_id = NULL, b.fee_currency = NULL, b.fee_minor = 0",
    ["CONSULTATION_IDS_DIFFER"],
  ],
  ["fee to NULL", "b.fee_currency = NULL, b.fee_minor = 0", ["PAYMENT_AMOUNT_DIFFERS"]],
];

test.each(REDIRECTIONS)("a booking whose row was altered, %s, is reported", async (_, set, kinds) => {
  const [row, other] = [await fixture.insertBooking("CONFIRMED"), await fixture.insertBooking("CONFIRMED")];
  for (const one of [row, other]) {
    fixture.pay(one);
    fixture.meet(one);
  }
  await fixture.app.db.write(
    `UPDATE bookings b JOIN bookings o ON o.id = ? SET ${set} WHERE b.id = ?`,
    [other.id, row.id].map(binaryId),
  );
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual(kinds.map((kind) => ({ bookingId: row.id, kind, outcome: "LEFT" })));
  expect(await fixture.outboxOf(row)).toEqual([]);
  expect(await fixture.versionOf(row)).toBe(1);
});

test("the authorized payment of another booking does not confirm a redirected one", async () => {
  const [row, paid] = [
    await fixture.insertBooking("PENDING_PAYMENT"),
    await fixture.insertBooking("CONFIRMED"),
  ];
  fixture.pay(paid, { authorizeTime: fixture.service.clock.now() });
  fixture.meet(paid);
  await fixture.app.db.write(
    "UPDATE bookings SET payment_id = ? WHERE id = ?",
    [paid.paymentId, row.id].map(binaryId),
  );
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_IDS_DIFFER", outcome: "LEFT" }]);
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({ status: "PENDING_PAYMENT", version: 1 });
});
