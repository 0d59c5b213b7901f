import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { refuse } from "../testing/stub-errors.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
let admin: { authorization: string };
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signedIn("ADMIN");
});
afterAll(() => gateway.close());
afterEach(() => gateway.stubs.stubs.clear());

const get = (path: string) => gateway.send("GET", path, { headers: admin });

const doctorId = "01900000-0000-7000-8000-000000000001";
const unknownId = "01900000-0000-7000-8000-000000000002";
const licenses = [
  { id: "one", doctorId, status: "VERIFIED", verifiedName: "Dora" },
  { id: "two", doctorId, status: "PENDING" },
  { id: "three", doctorId: unknownId, status: "PENDING" },
];

test("doctors' names and e-mails come from one call to auth with the admin's token", async () => {
  const { stubs, calls } = gateway.stubs;
  stubs.set("ListLicenses", () => ({ licenses, nextPageToken: "more" }));
  stubs.set("ListUsers", () => ({
    users: [{ id: doctorId, fullName: "Dana", email: "dana@example.org" }],
  }));
  calls.length = 0;
  const { status, json } = await get("/v1/admin/licenses?awaitingDecision=true");
  expect(status).toBe(200);
  expect(json.nextPageToken).toBe("more");
  const [one, two, three] = json.licenses as object[];
  const shown = { doctorName: "Dana", doctorEmail: "dana@example.org" };
  expect([one, two]).toMatchObject([{ ...shown, verifiedName: "Dora" }, shown]);
  expect(Object.keys(three!)).not.toContain("doctorEmail");
  const sent = calls.map(({ request, metadata }) => [request, metadata.authorization]);
  expect(sent).toEqual([
    [expect.objectContaining({ awaitingDecision: true }), admin.authorization],
    [expect.objectContaining({ userIds: [doctorId, unknownId] }), admin.authorization],
  ]);
});

test("the list is empty without licences, and refused if a service refuses", async () => {
  gateway.stubs.stubs.set("ListLicenses", () => ({ licenses: [] })).set("ListUsers", refuse);
  expect((await get("/v1/admin/licenses")).json).toMatchObject({ licenses: [] });
  gateway.stubs.stubs.set("ListLicenses", () => ({ licenses }));
  expect((await get("/v1/admin/licenses")).json).toMatchObject({ status: 403 });
});
