import { expect, test } from "@jest/globals";
import { assertLicensed, stopBound } from "./licensing-rules.ts";

const day = (text: string) => new Date(`${text}T00:00:00Z`);

test.each([
  ["until the last millisecond of the licence's last day", "2030-05-31", "2030-05-31T23:59:59.999Z"],
  ["long before", "9999-12-31", "2030-05-31T12:00:00Z"],
])("a doctor may treat %s", (_when, until, now) => {
  expect(() => assertLicensed(day(until), new Date(now))).not.toThrow();
});

test.each([
  ["without a licence", null, "2030-05-31T12:00:00Z"],
  ["from the day after the licence's last", "2030-05-31", "2030-06-01T00:00:00Z"],
])("a doctor may not treat %s", (_when, until, now) => {
  const refusal = expect.objectContaining({ reason: "LICENSE_NOT_VERIFIED" });
  expect(() => assertLicensed(until === null ? null : day(until), new Date(now))).toThrow(refusal);
});

test("an order that comes before its time reaches to its time", () => {
  const [stopTime, now] = [new Date("2030-05-31T10:00:00.001Z"), new Date("2030-05-31T10:00:00Z")];
  expect(stopBound(stopTime, null, now)).toEqual(stopTime);
});

test.each([
  ["without a licence", null, "10:05"],
  ["whose last licence ended the day before", "2030-05-30", "10:05"],
  ["who keeps a licence to its last day", "2030-05-31", "10:00"],
  ["who is licensed again", "9999-12-31", "10:00"],
] as const)(
  "an order of 10:00 that arrives at 10:05 for a doctor %s (%s) stops prescriptions up to %s",
  (_who, until, time) => {
    const at = (clock: string) => new Date(`2030-05-31T${clock}:00Z`);
    expect(stopBound(at("10:00"), until, at("10:05"))).toEqual(at(time));
  },
);
