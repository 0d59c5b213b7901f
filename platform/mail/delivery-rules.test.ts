import { expect, test } from "@jest/globals";
import { afterFailure, codeOf } from "./delivery-rules.ts";

const smtpError = (details: object) =>
  Object.assign(new Error("550 <pat@example.org>: no such user"), details);
const unknownUser = smtpError({ code: "EENVELOPE", command: "RCPT TO", responseCode: 550 });

test.each([
  ["the first failure", new Error("reset"), 0, { isDead: false, pauseMs: 2000 }],
  ["the fourth", new Error("reset"), 3, { isDead: false, pauseMs: 16_000 }],
  ["a late one", new Error("reset"), 90, { isDead: false, pauseMs: 900_000 }],
  ["an unknown recipient", unknownUser, 0, { isDead: true, pauseMs: 0 }],
  [
    "a greylisted recipient",
    smtpError({ code: "EENVELOPE", command: "RCPT TO", responseCode: 451 }),
    0,
    { isDead: false, pauseMs: 2000 },
  ],
  [
    "a recipient that is refused for good with the lowest such code",
    smtpError({ code: "EENVELOPE", command: "RCPT TO", responseCode: 500 }),
    0,
    { isDead: true, pauseMs: 0 },
  ],
  [
    "a sender that is refused for good",
    smtpError({ code: "EENVELOPE", command: "MAIL FROM", responseCode: 550 }),
    0,
    { isDead: false, pauseMs: 2000 },
  ],
  [
    "a broken answer about a recipient",
    smtpError({ code: "EPROTOCOL", command: "RCPT TO", responseCode: 550 }),
    0,
    { isDead: false, pauseMs: 2000 },
  ],
  ["what is no error", null, 0, { isDead: false, pauseMs: 2000 }],
  [
    "credentials that are wrong",
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
  ["what is no error", "x", "unknown"],
  ["nothing", null, "unknown"],
  ["an error with a long name", Object.assign(new Error("x"), { code: "E".repeat(70) }), "E".repeat(64)],
])("of %s only its codes are kept", (_, error, code) => {
  expect(codeOf(error)).toBe(code);
});
