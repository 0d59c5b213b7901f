import { expect, test } from "@jest/globals";
import { DEFAULT_TIME_ZONE, isPractising, isVisibleTo } from "./doctor-rules.ts";

const day = (date: string, time = "00:00:00") => new Date(`${date}T${time}Z`);

test.each([
  ["with a licence", false, day("2030-12-31"), true],
  ["on the licence's last day", false, day("2030-06-01"), true],
  ["on the day after", false, day("2030-05-31"), false],
  ["without a licence", false, null, false],
  ["while the account is disabled", true, day("2030-12-31"), false],
])("a doctor practises %s: hidden %s, licensed until %s: %s", (_, hidden, licensedUntil, expected) => {
  expect(isPractising({ hidden, licensedUntil }, day("2030-06-01", "23:59:59"))).toBe(expected);
});

test.each([
  ["a patient", "a practising doctor", "patient", false, true],
  ["a patient", "a doctor whose account is disabled", "patient", true, false],
  ["a doctor", "their own disabled profile", "doctor", true, true],
])("%s sees %s: as %s, hidden %s: %s", (_who, _whom, callerId, hidden, isVisible) => {
  const doctor = { id: "doctor", hidden, licensedUntil: day("2030-12-31") };
  expect(isVisibleTo(doctor, callerId, day("2030-06-01"))).toBe(isVisible);
});

test("the default time zone exists", () => {
  const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: DEFAULT_TIME_ZONE }).resolvedOptions();
  expect(timeZone).toBe("UTC");
});
