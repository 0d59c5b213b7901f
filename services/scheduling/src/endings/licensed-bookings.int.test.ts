import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  CreateLicenseRequest,
  LicenseServiceService,
  RevokeLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { createLicense } from "../licenses/create-license.ts";
import { revokeLicense } from "../licenses/decide-license.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepUnlicensedBookings } from "./end-unlicensed-bookings.ts";

const DAY_MINUTES = 24 * 60;
const NOT_FOUND = { reason: "NOT_FOUND" };

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { createLicense: create, revokeLicense: revokeMethod } = LicenseServiceService;

/** Creates a pending licence of the doctor. @param days days until its last day; absent means unlimited */
async function claim(number: string, days?: number) {
  const expireDate =
    days === undefined
      ? ""
      : fixture
          .at(days * DAY_MINUTES)
          .toISOString()
          .slice(0, 10);
  const request = CreateLicenseRequest.fromPartial({
    doctorId: fixture.doctor.userId,
    number,
    region: "DE",
    expireDate,
  });
  return (await invoke(create, bound(createLicense, fixture.app), fixture.doctor, request)).response;
}

const license = async (number: string, days?: number) => await fixture.verify((await claim(number, days)).id);

const revoke = async (licenseId: string) => {
  const request = RevokeLicenseRequest.fromPartial({ licenseId, reason: "Struck off the register" });
  return await invoke(revokeMethod, bound(revokeLicense, fixture.app), fixture.admin, request);
};

const firstLicense = async (fee = 0) => {
  const first = await fixture.claimLicense(fee);
  return await fixture.verify(first.id);
};

test("revoking the last licence cancels future bookings at once and releases their fees", async () => {
  const { id } = await firstLicense(5000);
  const { response: paid } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.paymentAuthorized(paid.id);
  const { response: held } = await fixture.book((await fixture.createSlot(120)).id);
  await revoke(id);
  for (const booking of [paid, held]) {
    expect(await fixture.read(booking.id, fixture.admin)).toMatchObject({
      status: "CANCELLED",
      cancelledBy: "ADMIN",
    });
    const { cancelReason } = await fixture.read(booking.id, fixture.doctor);
    expect(cancelReason).toBe("The doctor has no valid licence for this appointment.");
  }
  const settlements = await fixture.app.db.read<{ feeDecision: string }>(
    "SELECT fee_decision AS feeDecision FROM bookings WHERE doctor_id = ?",
    [binaryId(fixture.doctor.userId)],
  );
  expect(settlements).toEqual([{ feeDecision: "RELEASE" }, { feeDecision: "RELEASE" }]);
});

test("a booking that has started when the licence is revoked ends as a no-show and releases the fee", async () => {
  const { id } = await firstLicense(5000);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.paymentAuthorized(booking.id);
  fixture.app.clock.advance(61 * MINUTE_MS);
  await revoke(id);
  expect((await fixture.read(booking.id)).status).toBe("CONFIRMED");
  fixture.app.clock.advance(180 * MINUTE_MS);
  // Clinical records the no-show even if the doctor has no licence, so scheduling must accept the no-show.
  await fixture.consultationEvent("consultation.no_show", booking, "BOTH");
  expect(await fixture.read(booking.id)).toMatchObject({ status: "NO_SHOW", feeDecision: "RELEASE" });
});

test("a consultation that started early outlasts a revocation, but not the doctor's account", async () => {
  const { id } = await firstLicense();
  const { response: booking } = await fixture.book((await fixture.createSlot(10)).id);
  await fixture.consultationEvent("consultation.started", booking);
  await revoke(id);
  await sweepUnlicensedBookings(fixture.app)();
  expect((await fixture.read(booking.id)).status).toBe("CONFIRMED");
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  expect((await fixture.read(booking.id)).status).toBe("CANCELLED");
});

test("revoking one of two licences cancels nothing", async () => {
  const { id } = await firstLicense();
  await license("OTHER-1");
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await revoke(id);
  expect((await fixture.read(booking.id)).status).toBe("CONFIRMED");
});

test("revoking the longest licence cancels the bookings beyond the others", async () => {
  const first = await fixture.claimLicense(0);
  await license("SHORT-1", 2);
  await fixture.verify(first.id);
  const { response: covered } = await fixture.book((await fixture.createSlot(60)).id);
  const { response: beyond } = await fixture.book((await fixture.createSlot(5 * DAY_MINUTES)).id);
  await revoke(first.id);
  expect((await fixture.read(covered.id)).status).toBe("CONFIRMED");
  expect((await fixture.read(beyond.id)).status).toBe("CANCELLED");
});

test("renewing a licence to an earlier day cancels the bookings beyond it", async () => {
  await fixture.claimLicense(0);
  await license("RENEWED-2", 30);
  const { response: beyond } = await fixture.book((await fixture.createSlot(5 * DAY_MINUTES)).id);
  await license("RENEWED-2", 2);
  expect((await fixture.read(beyond.id)).status).toBe("CANCELLED");
});

test("past bookings are not cancelled", async () => {
  const { id } = await firstLicense();
  const { response: past } = await fixture.book((await fixture.createSlot(60)).id);
  fixture.app.clock.advance(2 * 60 * MINUTE_MS);
  await revoke(id);
  expect((await fixture.read(past.id)).status).toBe("CONFIRMED");
});

test("the sweep cancels a booking that was made while the licence was revoked", async () => {
  const { id } = await firstLicense();
  const slot = await fixture.createSlot(60);
  await fixture.accountEvent(fixture.patient, { role: "PATIENT" });
  const underWay = fixture.pausedBeforeCommit((paused) =>
    fixture.book(slot.id, fixture.patient, newId(), paused),
  );
  await underWay.isPaused;
  await revoke(id);
  underWay.commit();
  const { response: booking } = (await underWay.done) as Awaited<ReturnType<typeof fixture.book>>;
  await sweepUnlicensedBookings(fixture.app)();
  expect((await fixture.read(booking.id)).status).toBe("CANCELLED");
});

test("the sweep cancels a booking that waited for its slot while the licence was revoked", async () => {
  const { id } = await firstLicense(5000);
  const slot = await fixture.createSlot(60);
  const { response: held } = await fixture.book(slot.id, userCaller("PATIENT"));
  const cancelling = fixture.pausedBeforeCommit((paused) => fixture.cancel(held.id, fixture.admin, paused));
  await cancelling.isPaused;
  fixture.app.clock.advance(HOLD_MS);
  const claiming = Promise.allSettled([fixture.book(slot.id)]);
  await fixture.doneOrWaiting(claiming);
  const revoking = revoke(id);
  await fixture.doneOrWaiting(revoking);
  cancelling.commit();
  await Promise.all([cancelling.done, claiming, revoking]);
  await sweepUnlicensedBookings(fixture.app)();
  const live = "SELECT 1 FROM bookings WHERE doctor_id = ? AND status IN ('PENDING_PAYMENT', 'CONFIRMED')";
  expect(await fixture.app.db.read(live, [binaryId(fixture.doctor.userId)])).toEqual([]);
});

test("a booking that moved to a covered day while the licence was revoked stays", async () => {
  const { id } = await firstLicense();
  await license("SHORT-4", 2);
  const { response: booking } = await fixture.book((await fixture.createSlot(5 * DAY_MINUTES)).id);
  const covered = await fixture.createSlot(60);
  const moving = fixture.pausedBeforeCommit((paused) =>
    fixture.reschedule(booking.id, covered.id, fixture.patient, "", paused),
  );
  await moving.isPaused;
  const revoking = revoke(id);
  await fixture.doneOrWaiting(revoking);
  moving.commit();
  await Promise.all([moving.done, revoking]);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CONFIRMED", startTime: covered.startTime });
});

test("the sweep keeps a booking whose licence is verified concurrently", async () => {
  await firstLicense();
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.app.db.write(
    "UPDATE doctors SET licensed_until = NULL, licensing_change_time = ? WHERE id = ?",
    [fixture.app.clock.now(), binaryId(fixture.doctor.userId)],
  );
  const { id: licenseId } = await claim("OTHER-5");
  const verifying = fixture.pausedBeforeCommit((paused) => fixture.verify(licenseId, paused));
  await verifying.isPaused;
  const sweeping = sweepUnlicensedBookings(fixture.app)();
  await fixture.doneOrWaiting(sweeping);
  verifying.commit();
  await Promise.all([verifying.done, sweeping]);
  expect((await fixture.read(booking.id)).status).toBe("CONFIRMED");
});

test("the sweep checks a change for a minute", async () => {
  const changes = async () => {
    const sql = "SELECT 1 FROM doctors WHERE id = ? AND licensing_change_time IS NOT NULL";
    return (await fixture.app.db.read(sql, [binaryId(fixture.doctor.userId)])).length;
  };
  const { id } = await firstLicense();
  expect(await changes()).toBe(0);
  await revoke(id);
  fixture.app.clock.advance(MINUTE_MS);
  await sweepUnlicensedBookings(fixture.app)();
  expect(await changes()).toBe(1);
  fixture.app.clock.advance(1);
  await sweepUnlicensedBookings(fixture.app)();
  expect(await changes()).toBe(0);
});

test("a slot after the licence's last day refuses bookings and moves", async () => {
  await fixture.claimLicense(0);
  await license("ENDS-1", 2);
  const [near, far] = [await fixture.createSlot(2 * DAY_MINUTES), await fixture.createSlot(3 * DAY_MINUTES)];
  await expect(fixture.book(far.id)).rejects.toMatchObject(NOT_FOUND);
  const { response: booking } = await fixture.book(near.id);
  await expect(fixture.reschedule(booking.id, far.id)).rejects.toMatchObject(NOT_FOUND);
});

test.each([
  ["has lost the licence", "licensed_until = NULL", "licensed_until = '9999-12-31'"],
  ["is disabled", "hidden = TRUE", "hidden = FALSE"],
])("a payment in time that is refused because the doctor %s starts no cooldown", async (_, stop, resume) => {
  await firstLicense(5000);
  const slot = await fixture.createSlot(120);
  const { response: held } = await fixture.book(slot.id);
  const set = (columns: string) =>
    fixture.app.db.write(`UPDATE doctors SET ${columns} WHERE id = ?`, [binaryId(fixture.doctor.userId)]);
  await set(stop);
  await fixture.paymentAuthorized(held.id);
  expect((await fixture.outboxTypes(held.id)).at(-1)).toBe("booking.payment_refused");
  await set(resume);
  expect((await fixture.book(slot.id)).response.status).toBe("PENDING_PAYMENT");
});

test("a payment after the doctor stopped practising is refused", async () => {
  await firstLicense(5000);
  const { response: held } = await fixture.book((await fixture.createSlot(60)).id);
  const { response: late } = await fixture.book((await fixture.createSlot(120)).id, userCaller("PATIENT"));
  await fixture.app.db.write("UPDATE doctors SET licensed_until = NULL WHERE id = ?", [
    binaryId(fixture.doctor.userId),
  ]);
  await fixture.paymentAuthorized(held.id);
  expect((await fixture.outboxTypes(held.id)).at(-1)).toBe("booking.payment_refused");
  fixture.app.clock.advance(HOLD_MS);
  await fixture.paymentAuthorized(late.id);
  expect((await fixture.outboxTypes(late.id)).at(-1)).toBe("booking.payment_refused");
});
