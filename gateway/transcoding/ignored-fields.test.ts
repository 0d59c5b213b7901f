import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
const doctor = {
  id: newId(),
  displayName: "Dora Doe",
  specialty: "Cardiology",
  createTime: "2026-03-01T09:00:00Z",
  practising: true,
  etag: "0001",
};

beforeAll(async () => {
  gateway = await startTestGateway();
  gateway.stubs.stubs.set("UpdateDoctor", () => doctor);
});
afterAll(() => gateway.close());

const ignored = async (body: object, query = "") => {
  const headers = await gateway.signedIn("DOCTOR");
  const answer = await gateway.send("PATCH", `/v1/doctors/${doctor.id}${query}`, { headers, body });
  expect([answer.status, answer.json.detail]).toEqual([200, undefined]);
  return answer.headers["x-ignored-fields"];
};

test.each([
  ["no output-only field", { bio: "New." }, undefined],
  ["the values of the resource", { id: doctor.id, practising: true }, undefined],
  ["a time in another spelling", { createTime: "2026-03-01T10:00:00.000+01:00" }, undefined],
  ["null, which counts as absent", { nextAvailableTime: null }, undefined],
  ["another value", { bio: "New.", displayName: "Dr. Dora" }, "displayName"],
  [
    "values of several fields",
    { practising: false, id: newId(), createTime: "2026-03-01T09:00:00Z" },
    "id, practising",
  ],
  ["a value of another type", { id: 5, licenses: "none" }, "id, licenses"],
  ["a value of an absent field", { nextAvailableTime: "2026-03-01T09:00:00Z" }, "nextAvailableTime"],
])("%s: x-ignored-fields names the values that differ", async (_title, body, names) => {
  expect(await ignored(body)).toBe(names);
});

test("with an update mask, no field counts as ignored", async () => {
  expect(await ignored({ bio: "New.", displayName: "Dr. Dora" }, "?updateMask=bio")).toBeUndefined();
});

test("a resource that is sent back as it was read has nothing ignored", async () => {
  const headers = await gateway.signedIn("DOCTOR");
  gateway.stubs.stubs.set("GetDoctor", () => doctor);
  const { json } = await gateway.send("GET", `/v1/doctors/${doctor.id}`, { headers });
  expect(await ignored(json)).toBeUndefined();
});
