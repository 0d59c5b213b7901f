import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "../errors/api-error.ts";
import { methodAt } from "./methods.ts";
import { validate } from "./validate.ts";

const { input: listSlots } = methodAt("/medconnect.scheduling.v1.SlotService/ListSlots");
const { input: batchCreate } = methodAt("/medconnect.scheduling.v1.SlotService/BatchCreateSlots");
const doctorId = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

const time = (seconds: bigint, nanos = 0): Timestamp => create(TimestampSchema, { seconds, nanos });
const secondsAt = (text: string): bigint => BigInt(Date.parse(text) / 1000);
const FIRST = secondsAt("1900-01-01T00:00:00Z");
const LAST = secondsAt("2200-12-31T23:59:59Z");

/** Paths of the fields with a violation. */
function violationsOf(schema: typeof listSlots, fields: object): string[] {
  const message = create(schema, fields as MessageInitShape<typeof schema>);
  try {
    validate(schema, toBinary(schema, message));
    return [];
  } catch (error) {
    if (error instanceof ApiError) return error.violations.map(({ field }) => field);
    throw error;
  }
}

describe("a time in a message", () => {
  test.each([
    ["the first ms of 1900", time(FIRST)],
    ["the last ms of 2200", time(LAST, 999_000_000)],
    ["before 1970", time(-1n)],
    ["with ms", time(0n, 123_000_000)],
  ])("may be %s", (_which, startTime) => {
    expect(violationsOf(listSlots, { doctorId, startTime })).toEqual([]);
  });

  test.each([
    ["before 1900", time(FIRST - 1n)],
    ["after 2200", time(LAST + 1n)],
    ["the last of RFC 3339", time(secondsAt("9999-12-31T23:59:59Z"))],
    ["the first of RFC 3339", time(-62_135_596_800n)],
    ["with the maximum of seconds", time(2n ** 63n - 1n)],
    ["with the minimum of seconds", time(-(2n ** 63n))],
    ["with a negative part of a second", time(0n, -1)],
    ["with parts of a ms", time(0n, 123_456_000)],
    ["with a ns", time(0n, 1)],
    ["with more than a second of nanoseconds", time(0n, 1_000_000_000)],
  ])("must not be %s, also if a rule compares it", (_which, startTime) => {
    const endTime = timestampFromDate(new Date("2200-12-31T00:00:00Z"));
    expect(violationsOf(listSlots, { doctorId, startTime })).toEqual(["start_time"]);
    expect(violationsOf(listSlots, { doctorId, startTime, endTime })).toContain("start_time");
  });

  test("is reported with its index in a list", () => {
    const slot = { startTime: time(0n), endTime: time(1n) };
    const slots = [slot, { ...slot, endTime: time(LAST + 1n) }];
    expect(violationsOf(batchCreate, { doctorId, slots })).toEqual(["slots[1].end_time"]);
  });
});
