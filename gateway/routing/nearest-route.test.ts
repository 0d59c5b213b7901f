import { describe, expect, test } from "@jest/globals";
import { contractRoutes } from "../testing/routes.ts";
import { describeUnknownPath } from "./nearest-route.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const describePath = (call: string) => {
  const [method = "", path = ""] = call.split(" ");
  return describeUnknownPath(contractRoutes, method, path);
};

test.each([
  [`POST /v1/bookings/${ID}/cancell`, "No route POST /v1/bookings/…/cancell; did you mean :cancel?"],
  [`POST /v1/bookings/${ID}:cancle`, "No route POST /v1/bookings/…:cancle; did you mean :cancel?"],
  [
    `POST /v1/booking/${ID}:cancel`,
    "No route POST /v1/booking/…:cancel; did you mean /v1/bookings/…:cancel?",
  ],
  ["GET /v1/bookings/:bookingId", "No route GET /v1/bookings/:bookingId; did you mean /v1/bookings/…?"],
  ["GET /v1/user/me", "No route GET /v1/user/me; did you mean /v1/users/me?"],
  ["POST /v1/login", "No route POST /v1/login; /docs and /openapi.json list the routes."],
  ["GET /bookings", "No route GET /bookings; did you mean /v1/bookings?"],
  ["PATCH /v1/user/me/", "No route PATCH /v1/user/me/; did you mean /v1/users/me?"],
  ["POST /v1/user/me", "No route POST /v1/user/me; did you mean GET /v1/users/me?"],
  ["GET /v1/people/ann@example.org", "No route GET /v1/people/…; /docs and /openapi.json list the routes."],
  ["GET /v1/0301234567/Ann%20Doe", "No route GET /v1/…/…; /docs and /openapi.json list the routes."],
])("%s: %s", (call, words) => {
  expect(describePath(call)).toBe(words);
});

describe("each route is found with one typing error in its last word:", () => {
  test.each(contractRoutes.map((route) => [`${route.httpMethod} ${route.path}`, route] as const))(
    "%s",
    (_name, { httpMethod, path }) => {
      const call = `${httpMethod} ${path.replaceAll(/\{\w+\}/g, ID)}`;
      const misspelt = call.replace(/([A-Za-z.]{2,})([^A-Za-z]*)$/, (_, word: string, rest: string) => {
        return `${word.slice(0, -1)}${word.at(-1)}x${rest}`;
      });
      expect(describePath(misspelt)).toContain("; did you mean ");
    },
  );
});

test("any path takes little time", () => {
  const paths = [
    `/${"a/".repeat(149)}`,
    `/${"x".repeat(299)}`,
    `/${"x".repeat(100_000)}`,
    `/v1/${":".repeat(290)}`,
    `/v1/${"bookingz/".repeat(8)}`,
  ];
  const startedAtMs = performance.now();
  for (let round = 0; round < 100; round++) for (const path of paths) describePath(`GET ${path}`);
  expect((performance.now() - startedAtMs) / 500).toBeLessThan(20);
});
