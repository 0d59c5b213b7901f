import { expect, test } from "@jest/globals";
import { parsePathTemplate } from "./http-rule.ts";

const literal = (text: string) => ({ kind: "literal", text });
const variable = (...fieldPath: string[]) => ({ kind: "variable", fieldPath });

test.each([
  ["/v1/bookings", [literal("v1"), literal("bookings")], ""],
  ["/v1/bookings/{booking_id}", [literal("v1"), literal("bookings"), variable("booking_id")], ""],
  [
    "/v1/bookings/{booking_id=*}:cancel",
    [literal("v1"), literal("bookings"), variable("booking_id")],
    "cancel",
  ],
  ["/v1/auth/login:verifyMfa", [literal("v1"), literal("auth"), literal("login")], "verifyMfa"],
  ["/v1/doctors/{doctor.id}", [literal("v1"), literal("doctors"), variable("doctor", "id")], ""],
  ["/.well-known/jwks.json", [literal(".well-known"), literal("jwks.json")], ""],
])("%s is parsed", (path, segments, verb) => {
  expect(parsePathTemplate(path)).toEqual({ segments, verb });
});

test.each([
  ["v1/bookings", "must begin with a slash"],
  ["/v1/bookings/", "is neither text nor a {field}"],
  ["/v1//bookings", "is neither text nor a {field}"],
  ["/v1/**", "is neither text nor a {field}"],
  ["/v1/{name=shelves/*}", "is neither text nor a {field}"],
  ["/v1/{Booking}", "is neither text nor a {field}"],
  ["/v1/x{booking_id}", "is neither text nor a {field}"],
  ["/v1/bookings:", "is not a verb"],
  ["/v1/bookings:2go", "is not a verb"],
])("%s is refused: %s", (path, why) => {
  expect(() => parsePathTemplate(path)).toThrow(why);
});
