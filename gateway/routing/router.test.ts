import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parsePathTemplate } from "./http-rule.ts";
import { allowedMethods, Router } from "./router.ts";

const router = new Router<string>();
for (const [httpMethod, path] of [
  ["GET", "/v1/bookings/{booking_id}"],
  ["POST", "/v1/bookings/{booking_id}:cancel"],
  ["GET", "/v1/bookings"],
  ["POST", "/v1/bookings"],
  ["POST", "/v1/auth/login"],
  ["POST", "/v1/auth/login:verifyMfa"],
  ["GET", "/v1/users/{user_id}"],
  ["GET", "/v1/users/me"],
  ["GET", "/v1/users/{user_id}/sessions/{session_id}"],
  ["GET", "/v1/doctors/{doctor_id}/slots"],
  ["POST", "/v1/doctors/{doctor_id}/slots:batchCreate"],
  ["GET", "/v1/doctors/{doctor_id}/slots/{slot_id}"],
] as const) {
  router.add(httpMethod, parsePathTemplate(path), `${httpMethod} ${path}`);
}

const find = (path: string, httpMethod = "GET") => {
  const match = router.match(path);
  return match && [match.targets.get(httpMethod), ...match.values];
};

describe("a path finds its route", () => {
  test.each([
    ["GET", "/v1/bookings/b1", "GET /v1/bookings/{booking_id}", ["b1"]],
    ["POST", "/v1/bookings/b1:cancel", "POST /v1/bookings/{booking_id}:cancel", ["b1"]],
    ["POST", "/v1/bookings/b1/cancel", "POST /v1/bookings/{booking_id}:cancel", ["b1"]],
    ["POST", "/v1/bookings/b1%3Acancel", "POST /v1/bookings/{booking_id}:cancel", ["b1"]],
    ["POST", "/v1/auth/login/verifyMfa", "POST /v1/auth/login:verifyMfa", []],
    ["POST", "/v1/doctors/d1/slots/batchCreate", "POST /v1/doctors/{doctor_id}/slots:batchCreate", ["d1"]],
    ["GET", "/v1/doctors/d1/slots/s1", "GET /v1/doctors/{doctor_id}/slots/{slot_id}", ["d1", "s1"]],
    ["POST", "/v1/auth/login", "POST /v1/auth/login", []],
    ["POST", "/v1/auth/login:verifyMfa", "POST /v1/auth/login:verifyMfa", []],
    ["POST", "/v1/doctors/d1/slots:batchCreate", "POST /v1/doctors/{doctor_id}/slots:batchCreate", ["d1"]],
    ["GET", "/v1/users/u1/sessions/s1", "GET /v1/users/{user_id}/sessions/{session_id}", ["u1", "s1"]],
  ])("%s %s", (httpMethod, path, route, values) => {
    expect(find(path, httpMethod)).toEqual([route, ...values]);
  });

  test("a literal takes precedence over a variable, unless only the variable matches the rest", () => {
    expect(find("/v1/users/me")).toEqual(["GET /v1/users/me"]);
    expect(find("/v1/users/me/sessions/s1")).toEqual([
      "GET /v1/users/{user_id}/sessions/{session_id}",
      "me",
      "s1",
    ]);
  });

  test("segments are decoded separately, so an encoded slash is text", () => {
    expect(find("/v1/bookings/a%2Fb")).toEqual(["GET /v1/bookings/{booking_id}", "a/b"]);
    expect(find("/v1/bookings/a%2Fcancel", "POST")).toEqual([undefined, "a/cancel"]);
    expect(find("/v1/%62ookings")).toEqual(["GET /v1/bookings"]);
  });

  test("the verb follows the last colon", () => {
    expect(find("/v1/bookings/a:b:cancel", "POST")).toEqual(["POST /v1/bookings/{booking_id}:cancel", "a:b"]);
  });
});

test.each([
  "",
  "*",
  "/",
  "/v1",
  "/v1/bookings/",
  "/v1/bookings/b1/",
  "/V1/bookings",
  "/v1/Bookings",
  "//v1/bookings",
  "/v1/bookings/b1:Cancel",
  "/v1/bookings/b1:",
  "/v1/bookings/:cancel",
  "/v1/bookings//cancel",
  "/v1:bookings",
  "/v1/bookings:b1",
  "/v1/bookings/b1/:cancel",
  "/v1/bookings/b1/cancel/",
  "/v1/bookings/b1/cancel:cancel",
  "/v1/auth/login:other",
  "/v1/auth:x/login",
  "/__proto__",
  "/constructor/v1",
])("%j has no route", (path) => {
  expect(router.match(path)).toBeUndefined();
});

test.each(["/v1/bookings/%", "/v1/bookings/%zz", "/v1/bookings/%ff"])("%s is refused", (path) => {
  expect(() => router.match(path)).toThrow(expect.objectContaining({ reason: "INVALID_REQUEST" }));
});

test("Allow lists the methods of the path, and HEAD with GET", () => {
  expect(allowedMethods(router.match("/v1/bookings")!)).toEqual(["GET", "HEAD", "POST", "OPTIONS"]);
  expect(allowedMethods(router.match("/v1/auth/login")!)).toEqual(["POST", "OPTIONS"]);
});

test("two routes for the same method and path are refused, even with different variable names", () => {
  expect(() => router.add("GET", parsePathTemplate("/v1/bookings/{id}"), "twin")).toThrow("two routes");
});

test("any path is matched, not found or refused, and causes no other error", () => {
  const segment = fc.oneof(
    fc.string(),
    fc.constantFrom("v1", "bookings", ":cancel", "%", "%2F", "{id}", ".."),
  );
  fc.assert(
    fc.property(fc.array(segment), (segments) => {
      try {
        router.match(`/${segments.join("/")}`);
      } catch (error) {
        expect(error).toMatchObject({ reason: "INVALID_REQUEST" });
      }
    }),
  );
});
