import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { findConsultation } from "../consultations/consultation-store.ts";
import { type ClinicalTest, type SentEvent, startClinical } from "../testing/clinical-fixture.ts";

const [victim, attacker, doctor] = [userCaller("PATIENT"), userCaller("PATIENT"), userCaller("DOCTOR")];

let clinical: ClinicalTest;
let victims: ReturnType<ClinicalTest["booking"]>;
beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());
beforeEach(async () => {
  victims = await clinical.scheduled(victim, doctor, 60);
});

const read = () => findConsultation(clinical.app.db, victims.consultationId);

const EVENTS = {
  confirmed: ({ confirmed }) => confirmed,
  rescheduled: ({ confirmed }) => clinical.rescheduledBy(confirmed, 30),
  "move accepted": ({ confirmed }) => ({
    ...clinical.rescheduledBy(confirmed, 30),
    type: "booking.move_accepted",
  }),
  cancelled: ({ cancelled }) => cancelled,
  closed: ({ closedAs }) => closedAs("NO_SHOW_PATIENT"),
} as const satisfies Record<string, (of: typeof victims) => SentEvent>;

test.each(Object.keys(EVENTS) as (keyof typeof EVENTS)[])(
  "a booking that is %s with the id of another's consultation does not change it",
  async (type) => {
    const before = await read();
    const event = EVENTS[type](clinical.booking(attacker, doctor, 90));
    const booking = { ...event.state!.value, consultationId: victims.consultationId };
    const actions = await clinical.actions(victims.consultationId);
    const other = clinical.booking(attacker, doctor, 120);
    const failures = await clinical.deliver(
      "scheduling",
      { ...event, state: { $case: "booking", value: booking } },
      other.confirmed,
    );
    expect(failures).toEqual([expect.stringMatching(/^(RECORD_ALTERED|INTERNAL)$/)]);
    expect(await read()).toEqual(before);
    expect(await clinical.actions(victims.consultationId)).toEqual(actions);
    expect(await findConsultation(clinical.app.db, other.consultationId)).toBeDefined();
  },
);

test.each(
  Object.keys(EVENTS).flatMap((type) =>
    ["patientId", "doctorId", "paymentId"].map((id) => [type, id] as const),
  ),
)("a booking that is %s with another %s does not change its consultation", async (type, id) => {
  const before = await read();
  const event = EVENTS[type as keyof typeof EVENTS](victims);
  const changed = {
    ...event,
    version: 9,
    state: { $case: "booking" as const, value: { ...event.state!.value, [id]: newId() } },
  };
  expect(await clinical.deliver("scheduling", changed)).toHaveLength(1);
  expect(await read()).toEqual(before);
});
