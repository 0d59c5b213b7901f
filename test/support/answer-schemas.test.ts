import { expect, test } from "@jest/globals";
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { AnswerSchemas } from "./answer-schemas.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const SESSION = {
  id: ID,
  userAgent: "curl",
  ipAddress: "192.0.2.1",
  remembered: false,
  createTime: "2026-11-30T12:00:00Z",
  lastUsedTime: "2026-11-30T12:00:00Z",
  expireTime: "2026-12-30T12:00:00Z",
  current: true,
};
const schemas = new AnswerSchemas(openApiDocument(contractRoutes, "https://api.example.org"));
const sessions = (session: object) =>
  schemas.check("GET", "/v1/users/me/sessions?pageSize=1", 200, { sessions: [session], nextPageToken: "" });

test("an answer of the document is accepted", () => {
  expect(sessions(SESSION)).toBe("");
});

test.each([
  ["a required time is missing", { ...SESSION, createTime: undefined }, "property 'createTime'"],
  ["a time has no zone", { ...SESSION, createTime: "2026-11-30T12:00:00" }, 'format "date-time"'],
  ["an id is no UUID", { ...SESSION, id: "1" }, 'format "uuid"'],
  ["a flag is text", { ...SESSION, current: "yes" }, "must be boolean"],
])("an answer is refused if %s", (_, session, why) => {
  expect(sessions(session)).toContain(why);
});

test.each([
  ["POST", `/v1/bookings/${ID}:cancel`, 409],
  ["POST", `/v1/bookings/${ID}%3Acancel`, 418],
  ["PUT", "/v1/bookings", 405],
  ["GET", "/v1/nothing", 404],
])("an error is a problem: %s %s %i", (method, path, status) => {
  expect(schemas.check(method, path, status, {})).toContain("'requestId'");
});

test("a verb after an encoded colon finds its operation", () => {
  expect(schemas.check("POST", `/v1/bookings/${ID}%3Acancel`, 200, {})).toContain("'slotId'");
});
