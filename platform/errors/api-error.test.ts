import { expect, test } from "@jest/globals";
import { ApiError } from "./api-error.ts";
import { catalogue } from "./catalogue.ts";

const NAMED_KEY = /metadata\.(\w+)/g;

test("the detail of an error has the values of the metadata, and its title does not", () => {
  const { message, rule } = new ApiError("TOO_MANY_BOOKINGS", { metadata: { limit: "3", per: "DOCTOR" } });
  expect(message).toBe(
    "The patient has the maximum number of future bookings (3 per DOCTOR). Cancel a future booking first.",
  );
  expect(rule.title).toContain("`metadata.limit` per `metadata.per`");
});

test("a value that is absent keeps its name", () => {
  expect(new ApiError("TOO_EARLY").message).toContain("`metadata.possibleFrom`");
});

test("the detail has the seconds of Retry-After", () => {
  expect(new ApiError("RATE_LIMITED", { retryAfterMs: 11_001 }).message).toBe(
    "The caller has sent too many requests. Wait for 12 seconds, then repeat the request. Spread requests over time.",
  );
  expect(new ApiError("UNAVAILABLE").message).toContain("Wait for 1 second, ");
  expect(new ApiError("RATE_LIMITED").message).toContain("the seconds in `Retry-After`");
});

test.each([...catalogue.values()])("$reason has a fact, a cause and a cure, each once", (rule) => {
  const { title, cause, cure } = rule;
  expect(title).toMatch(/^[^.;]*(?:[:.][^\s.;]+[^.;]*)*\.$/);
  for (const text of [cause, cure]) expect(text).toMatch(/\.$/);
  expect(new Set([title, cause, cure]).size).toBe(3);
});

test.each([...catalogue.values()])("$reason declares all metadata that its texts name", (rule) => {
  const texts = `${rule.title} ${rule.cause} ${rule.cure}`;
  const named = [...texts.matchAll(NAMED_KEY)].map(([, key]) => key);
  expect(Object.keys(rule.metadata)).toEqual(expect.arrayContaining(named));
  const { message } = new ApiError(rule.reason, { metadata: rule.metadata });
  expect(message).not.toMatch(/metadata/);
});
