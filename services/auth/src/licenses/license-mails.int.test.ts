import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { consumersOf } from "../consumers.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";

let auth: TestAuth;

beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const SCHEDULING: Caller = { kind: "service", name: "scheduling" };
const decided = (doctorId: string, decision: "VERIFIED" | "REJECTED" | "REVOKED", aggregateId = newId()) =>
  Event.fromPartial({
    id: newId(),
    type: "license.decided",
    aggregateId,
    version: decision === "REVOKED" ? 2 : 1,
    occurTime: auth.clock.now(),
    state: { $case: "license", value: { doctorId, decision, region: "US-CA" } },
  });

const deliver = async (events: Event[], from = SCHEDULING) => {
  const inbox = new Inbox(auth.app.transactions, consumersOf(auth.app), auth.app, auth.app.log);
  return await auth.call(EventServiceService.deliverEvents, inbox.deliverEvents, { events }, from);
};

test("a doctor gets one mail per decision, even if its event is redelivered", async () => {
  const doctor = await auth.makeUser("DOCTOR");
  const verified = decided(doctor.id, "VERIFIED");
  const revoked = decided(doctor.id, "REVOKED", verified.aggregateId);
  await deliver([verified]);
  await deliver([verified, revoked, revoked]);
  await deliver([decided(doctor.id, "REJECTED")]);
  const mails = await auth.mailsTo(doctor.email);
  expect(mails.map(({ subject }) => subject)).toEqual([
    "Your licence was verified",
    "Your licence was revoked",
    "Your licence could not be verified",
  ]);
  expect(mails[0]!.text).toContain("licence for US-CA");
});

test("a decision about an unknown doctor is applied without a mail", async () => {
  expect((await deliver([decided(newId(), "VERIFIED")])).failures).toEqual([]);
});

test("a decision that names a patient is refused without a mail", async () => {
  const patient = await auth.makeUser("PATIENT");
  const { failures } = await deliver([decided(patient.id, "VERIFIED")]);
  expect(failures).toMatchObject([{ reason: "RECORD_ALTERED" }]);
  expect(await auth.mailsTo(patient.email)).toEqual([]);
});

test("only scheduling may send decisions", async () => {
  const doctor = await auth.makeUser("DOCTOR");
  const forged = deliver([decided(doctor.id, "VERIFIED")], { kind: "service", name: "billing" });
  await expect(forged).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
});
