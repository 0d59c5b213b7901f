import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { unavailable } from "../testing/stub-errors.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => gateway.stubs.stubs.clear());

const PATIENT_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const DOCTOR_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e22";
const OTHER_ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e23";
const actors = [
  { userId: PATIENT_ID, displayName: "Pat", role: "PATIENT" },
  { userId: DOCTOR_ID, displayName: "Dora", role: "DOCTOR" },
  { userId: "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e24", displayName: "Ada", role: "ADMIN" },
];
const adminId = actors[2]!.userId;
const read = async () => {
  const headers = await gateway.signedIn("PATIENT", { userId: PATIENT_ID });
  return await gateway.send("GET", "/v1/users/me/access-log", { headers });
};
/** Sets the stubs: auth lists one event, and the other services list none. */
const log = (actorId: string, grantId = "") => {
  let calls = 0;
  gateway.stubs.stubs.set("ListAccesses", () =>
    calls++ === 0
      ? {
          auditEvents: [
            { id: "e1", occurTime: "2026-03-03T00:00:00Z", actorId, subjectIds: [PATIENT_ID], grantId },
          ],
        }
      : {},
  );
  gateway.stubs.stubs.set("BatchGetActors", ({ request }) => ({
    actors: actors.filter(({ userId }) => (request.userIds as string[] | undefined)?.includes(userId)),
    grantReasons: grantId === "" ? {} : { [grantId]: "an emergency" },
  }));
};

test.each([
  ["the patient", PATIENT_ID, "", "Pat", "SELF"],
  ["a doctor", DOCTOR_ID, "", "Dora", "DOCTOR"],
  ["an admin", adminId, "", "Ada", "ADMINISTRATION"],
  ["an admin under a grant", adminId, OTHER_ID, "Ada", "BREAK_GLASS"],
  ["another service", "service:scheduling", "", "MedConnect (scheduling)", "SYSTEM"],
  ["a payment provider", "provider:stripe", "", "Payment provider (stripe)", "SYSTEM"],
  ["an internal system", "service-account:7", "", "An internal system", "SYSTEM"],
  // Another patient, who books the slot after the reader failed to pay for it in time. The reader must not
  // see the name of the other patient.
  ["a person hidden from the patient", OTHER_ID, "", "MedConnect", "SYSTEM"],
])("names %s", async (_title, actorId, grantId, actorName, relation) => {
  log(actorId, grantId);
  const { status, json } = await read();
  expect(status).toBe(200);
  const reason = grantId === "" ? "" : "an emergency";
  expect(json.entries).toEqual([expect.objectContaining({ id: "e1", actorName, relation, reason })]);
});

test.each(["ListAccesses", "BatchGetActors"])(
  "the log fails while %s is unavailable, because it would have gaps",
  async (name) => {
    log(DOCTOR_ID);
    gateway.stubs.stubs.set(name, unavailable);
    expect((await read()).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
  },
);
