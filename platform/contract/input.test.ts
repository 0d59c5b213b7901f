import { type JsonObject, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, test } from "@jest/globals";
import { Text_Kind as Kind } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { jsonWith, pathOf, type RequestField } from "../testing/request-fields.ts";
import {
  accept,
  fields,
  inputFields,
  isUuid,
  kindOf,
  ofKind,
  outputOnlyFields,
  refusalOf,
  send,
  table,
} from "../testing/sent-fields.ts";
import { type Method, methods } from "./methods.ts";
import { rangesIn } from "./ranges.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

test.each(
  table(
    fields.filter(
      ({ field, name }) =>
        field.scalar === ScalarType.STRING &&
        /_ids?$/.test(field.name) &&
        // Any text may identify a client (RFC 6749 §2.2). One that is no UUID is an unknown client.
        name !== "IssueToken client_id",
    ),
  ),
)("%s is an id in any case", (_name, to) => {
  expect(isUuid(to.field) || kindOf(to.field) === Kind.ACTOR).toBe(true);
  expect(JSON.stringify(send(to, ID.toUpperCase()))).not.toContain(ID.toUpperCase());
});

test.each(ofKind(Kind.ACTOR))("%s may name an actor other than a user", (_name, to) => {
  const actor = `service-account:${ID}`;
  expect(send(to, actor.replace(ID, ID.toUpperCase()))).toEqual(send(to, actor));
  expect(send(to, "command:keys")).toMatchObject({ actorId: "command:keys" });
});

describe("a UUID is accepted in any case, and normalized to lower case", () => {
  test.each(table(inputFields.filter(({ field }) => isUuid(field))))("%s", (_name, to) => {
    for (const sent of [ID.toUpperCase(), "0199C2f0-7d1A-7c3e-9B52-3f1f0c9a4E21"]) {
      expect(refusalOf(to, sent)).toBeUndefined();
      const answer = send(to, sent);
      if (!Array.isArray(answer)) expect(JSON.stringify(answer)).toContain(ID);
    }
    for (const sent of [
      ` ${ID}`,
      `{${ID}}`,
      `urn:uuid:${ID}`,
      ID.replaceAll("-", ""),
      `${ID}0`,
      ID.replace("0", "g"),
    ]) {
      expect([sent, refusalOf(to, sent)]).toEqual([sent, expect.any(String)]);
    }
  });
});

describe("a time outside the years 1900 to 2200 is refused", () => {
  const times = inputFields.filter(({ field }) => field.message?.typeName === "google.protobuf.Timestamp");
  test.each(table(times))("%s", (_name, to) => {
    const given = [
      "0001-01-01T00:00:00Z",
      "1899-12-31T23:59:59Z",
      "2201-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999999Z",
    ];
    for (const time of given) {
      expect([time, refusalOf(to, time)]).toEqual([time, "must be a time in the years 1900 to 2200"]);
    }
  });
});

describe("a time finer than a millisecond is refused, not truncated", () => {
  const given = { Timestamp: "2030-01-01T00:00:00", Duration: "600" };
  const typeOf = ({ field }: RequestField) => field.message?.typeName.replace("google.protobuf.", "");
  const chosen = inputFields.filter((to) => (typeOf(to) ?? "") in given);
  test.each(table(chosen))("%s", (_name, to) => {
    const type = typeOf(to) as keyof typeof given;
    const unit = type === "Timestamp" ? "Z" : "s";
    const refusal = (decimals: string) => refusalOf(to, `${given[type]}${decimals}${unit}`);
    for (const decimals of [".0001", ".123456", ".999999999", ".000000001"]) {
      expect([decimals, refusal(decimals)]).toEqual([decimals, "must have at most 3 decimals of a second"]);
    }
    for (const decimals of ["", ".1", ".123", ".123000", ".120000000"]) {
      expect([decimals, refusal(decimals)]).not.toEqual([
        decimals,
        "must have at most 3 decimals of a second",
      ]);
    }
  });
});

describe("an output-only field is ignored, whatever its value", () => {
  test.each(table(outputOnlyFields.filter(({ field }) => field.enum)))("%s", (_name, to) => {
    expect(send(to, 999)).toEqual(accept(to.method, jsonWith([to.way[0]!], {})));
  });
  test.each(table(outputOnlyFields.filter(({ field }) => isUuid(field))))("%s", (_name, to) => {
    expect(send(to, "no id")).toEqual(accept(to.method, jsonWith([to.way[0]!], {})));
  });
});

describe("an enum's unknown number is refused", () => {
  test.each(table(inputFields.filter(({ field }) => field.enum)))("%s", (_name, to) => {
    for (const number of [999, -1])
      expect([number, refusalOf(to, number)]).toEqual([number, expect.any(String)]);
  });
});

describe("a range that ends before it starts is refused", () => {
  const ranges = [...methods.values()].flatMap((method) => {
    if (method.owner === "events") return [];
    const holders = fields.filter((each) => each.method === method);
    return rangesIn(method.input)
      .map(({ start, end }) => ({ method, ways: [[start], [end]] }))
      .concat(
        holders.flatMap(({ field, way }) =>
          field.message && !field.message.typeName.startsWith("google.")
            ? rangesIn(field.message).map(({ start, end }) => ({
                method,
                ways: [
                  [...way, start],
                  [...way, end],
                ],
              }))
            : [],
        ),
      );
  });

  test("occurs often in the contract", () => {
    expect(ranges.length).toBeGreaterThan(5);
  });

  test.each(ranges.map((range) => [`${range.method.name} ${pathOf(range.ways[1]!)}`, range] as const))(
    "%s",
    (_name, { method, ways }) => {
      const values = ways[0]!.at(-1)!.message
        ? ["2030-01-02T00:00:00Z", "2030-01-01T23:59:59.999Z"]
        : ["2030-01-02", "2030-01-01"];
      const both = (from: string, to: string) => {
        const answer = accept(method, jsonWith(ways[1]!, to, jsonWith(ways[0]!, from)));
        return Array.isArray(answer) ? answer.map(({ field, description }) => `${field} ${description}`) : [];
      };
      const violation = `${pathOf(ways[1]!)} must not be before the start of the range`;
      expect(both(values[0]!, values[1]!)).toContain(violation);
      expect(both(values[1]!, values[0]!)).not.toContain(violation);
      expect(both(values[0]!, values[0]!)).not.toContain(violation);
    },
  );
});

test("two spellings of one value are a duplicate", () => {
  const { method } = fields.find(({ name }) => name === "CreateDoctor languages")!;
  expect(refusedFields(method, { languages: ["en", "EN"] })).toContain("languages");
  expect(refusedFields(method, { languages: ["en", "de"] })).not.toContain("languages");
});

test("all violations are reported together, one for each field", () => {
  const { method } = fields.find(({ name }) => name === "CreateDoctor bio")!;
  const json = { specialty: "a\u0000", timeZone: "EST", licenseNumber: "!", fee: { currencyCode: "zzz" } };
  expect(refusedFields(method, json).toSorted()).toEqual([
    "fee.currency_code",
    "license_number",
    "license_region",
    "specialty",
    "time_zone",
  ]);
});

test.each([
  ["UpdateMe user.phone", "x".repeat(17)],
  ["CreateSlot end_time", "0001-01-01T00:00:00Z"],
])("%s is reported once, although %s violates several rules", (name, value) => {
  const { method, way } = fields.find((each) => each.name === name)!;
  const request = jsonWith(way, value, way.length === 1 ? { startTime: "2030-01-01T00:00:00Z" } : {});
  expect(refusedFields(method, request).filter((field) => field === pathOf(way))).toHaveLength(1);
});

function refusedFields(method: Method, request: JsonObject): string[] {
  const answer = accept(method, request);
  return Array.isArray(answer) ? answer.map(({ field }) => field) : [];
}
