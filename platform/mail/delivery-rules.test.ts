import { expect, test } from "@jest/globals";
import { afterFailure, codeOf } from "./delivery-rules.ts";

const smtpError = (details: object) =>
  Object.assign(new Error("550 <pat@example.org>: no such user"), details);
const unknownUser = smtpError({ code: "EENVELOPE", command: "RCPT TO", responseCode: 550 });

test.each([
  ["the first failure", new Error("reset"), 0, { isDead: false, pauseMs: 2000 }],
  ["the fourth", new Error("reset"), 3, { isDead: false, pauseMs: 16_000 }],
  ["a late one", new Error("reset"), 90, { isDead: false, pauseMs: 900_000 }],
  ["an unknown recipient", unknownUser, 0, { isDead: true, pauseMs: 2000 }],
  [
    "a greylisted recipient",
    smtpError({ code: "EENVELOPE", command: "RCPT TO", responseCode: 451 }),
    0,
    { isDead: false, pauseMs: 2000 },
  ],
  [
    "wrong credentials",
    smtpError({ code: "EAUTH", command: "AUTH PLAIN", responseCode: 535 }),
    0,
    { isDead: false, pauseMs: 2000 },
  ],
])("%s", (_, error, tries, verdict) => {
  expect(afterFailure(error, tries)).toEqual(verdict);
});

test.each([
  ["an SMTP reply", unknownUser, "EENVELOPE 550"],
  ["a network error", Object.assign(new Error("connect"), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
  ["any other error", new TypeError("x"), "TypeError"],
  ["a value that is no error", "x", "unknown"],
])("only the codes of %s are stored", (_, error, code) => {
  expect(codeOf(error)).toBe(code);
});
