import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { licenseCalls } from "../testing/license-calls.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

const DAY_MS = 86_400_000;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { claim, decide, profile, list } = licenseCalls(() => fixture);

test("a false claim blocks no other claim, and the second verification is refused", async () => {
  const squatter = await fixture.claimLicense(0);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const own = await claim(squatter.number.toLowerCase());
  await fixture.verify(own.id);
  await expect(fixture.verify(squatter.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
  await decide("revoke", own.id);
  expect((await fixture.verify(squatter.id)).status).toBe("VERIFIED");
});

test.each([
  ["X-4711", "x4711"],
  ["X4712", "X 4712"],
  ["ab/12.3", "AB-12 3"],
])("%s and %s are the same number", async (taken, other) => {
  await fixture.claimLicense(0);
  const first = await claim(taken, { region: "FR" });
  expect((await fixture.verify(first.id)).number).toBe(taken);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim(other, { region: "FR" });
  await expect(fixture.verify(second.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
});

test("the two codes of a territory are the same region", async () => {
  await fixture.claimLicense(0);
  const first = await claim("T-1", { region: "US-PR" });
  expect((await fixture.verify(first.id)).region).toBe("PR");
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim("T 1", { region: "PR" });
  await expect(fixture.verify(second.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
});

test.each(["-123", "12-", "1 ", "N°5", "ＡＢ１２", "АB12"])(
  "%j is refused as a licence number",
  async (number) => {
    await fixture.claimLicense(0);
    await expect(claim(number)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  },
);

test("a number that many admins verify for two doctors at once goes to one of them", async () => {
  const first = await fixture.claimLicense(0);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim(first.number);
  const ids = Array.from({ length: 10 }, (_, i) => (i % 2 ? first.id : second.id));
  const outcomes = await Promise.allSettled(ids.map((id) => fixture.verify(id)));
  expect(new Set(outcomes.map(outcome))).toEqual(new Set(["ok", "LICENSE_NUMBER_TAKEN"]));
  const { licenses } = await list({ doctorId: fixture.doctor.userId, status: "VERIFIED" });
  const { licenses: others } = await list({ doctorId: first.doctorId, status: "VERIFIED" });
  expect(licenses.length + others.length).toBe(1);
});

test("the same number in another region is another licence", async () => {
  await fixture.createDoctor(0);
  const [one, other] = [await claim("SAME-1", { region: "DE" }), await claim("SAME-1", { region: "FR" })];
  await fixture.verify(one.id);
  expect((await fixture.verify(other.id)).status).toBe("VERIFIED");
});

test("a licence with a new date replaces the doctor's own", async () => {
  const until = (days: number) =>
    new Date(fixture.app.clock.now().getTime() + days * DAY_MS).toISOString().slice(0, 10);
  await fixture.claimLicense(0);
  const old = await claim("RENEW-1", { region: "DE", expireDate: until(1) });
  await fixture.verify(old.id);
  const renewed = await claim("renew 1", { region: "DE", expireDate: until(400) });
  await fixture.verify(renewed.id);
  expect(await profile()).toMatchObject({ practising: true });
  const { licenses } = await list({ doctorId: fixture.doctor.userId, region: "DE" });
  expect(licenses.map(({ id, status }) => [id, status])).toEqual([
    [old.id, "EXPIRED"],
    [renewed.id, "VERIFIED"],
  ]);
  await decide("revoke", renewed.id);
  expect(await profile()).toMatchObject({ practising: false });
});

test("an expired licence of another doctor keeps its number until it is revoked", async () => {
  await fixture.claimLicense(0);
  const today = fixture.app.clock.now().toISOString().slice(0, 10);
  const old = await claim("GONE-1", { expireDate: today });
  await fixture.verify(old.id);
  fixture.app.clock.advance(DAY_MS);
  expect(await profile()).toMatchObject({ practising: false });
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const next = await claim("GONE-1");
  await expect(fixture.verify(next.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
  expect((await decide("revoke", old.id)).status).toBe("REVOKED");
  expect((await fixture.verify(next.id)).status).toBe("VERIFIED");
});
