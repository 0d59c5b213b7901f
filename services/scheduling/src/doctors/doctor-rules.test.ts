import { expect, test } from "@jest/globals";
import { DEFAULT_TIME_ZONE, isPractising, isVisibleTo } from "./doctor-rules.ts";

const day = (date: string, time = "00:00:00") => new Date(`${date}T${time}Z`);

test.each([
  ["with a licence", 0, day("2030-12-31"), true],
  ["on the licence's last day", 0, day("2030-06-01"), true],
  ["on the day after", 0, day("2030-05-31"), false],
  ["without a licence", 0, null, false],
  ["while the account is disabled", 1, day("2030-12-31"), false],
])("a doctor practises %s: hidden %i, licensed until %s: %s", (_, hidden, licensedUntil, expected) => {
  expect(isPractising({ hidden, licensedUntil }, day("2030-06-01", "23:59:59"))).toBe(expected);
});

test.each([
  ["a patient", "a practising doctor", "patient", 0, true],
  ["a patient", "a doctor whose account is disabled", "patient", 1, false],
  ["a doctor", "their own disabled profile", "doctor", 1, true],
])("%s sees %s: as %s, hidden %i: %s", (_who, _whom, callerId, hidden, isVisible) => {
  const doctor = { id: "doctor", hidden, licensedUntil: day("2030-12-31") };
  expect(isVisibleTo(doctor, callerId, day("2030-06-01"))).toBe(isVisible);
});

test("the default time zone exists", () => {
  const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: DEFAULT_TIME_ZONE }).resolvedOptions();
  expect(timeZone).toBe("UTC");
});
