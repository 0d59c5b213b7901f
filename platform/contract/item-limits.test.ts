import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "@jest/globals";
import { findLongList, itemLimitOf } from "./item-limits.ts";
import { methods } from "./methods.ts";
import { validate } from "./validate.ts";

const MIB = 1024 * 1024;

interface Place {
  input: DescMessage;
  /** Fields from the request to the list, which is the last one. */
  fields: readonly DescField[];
}

/** All lists in a message, at any depth. */
function listsIn(input: DescMessage, desc = input, outer: readonly DescField[] = []): Place[] {
  return desc.fields.flatMap((field) => {
    const fields = [...outer, field];
    const inner =
      field.message && !outer.some((each) => each.message === field.message)
        ? listsIn(input, field.message, fields)
        : [];
    return field.fieldKind === "list" ? [{ input, fields }, ...inner] : inner;
  });
}

const places = [...new Set([...methods.values()].map(({ input }) => input))].flatMap((input) =>
  listsIn(input),
);
const cases = places.map(
  (place) => [`${place.input.typeName}.${place.fields.map(({ name }) => name).join(".")}`, place] as const,
);

/** A request whose list has `count` empty items. The messages around the list are in the request once. */
const requestWith = ({ fields }: Place, count: number): Uint8Array =>
  fields.reduceRight<Uint8Array>((inner, { number }, depth) => {
    const item = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(inner).finish();
    const times = depth === fields.length - 1 ? count : 1;
    return Buffer.alloc(times * item.length, item);
  }, new Uint8Array());

test("the contract has lists in requests", () => {
  expect(cases.length).toBeGreaterThan(10);
});

test.each(cases)("%s takes its limit of items, and no more", (_, place) => {
  const list = place.fields.at(-1)!;
  const limit = itemLimitOf(list);
  expect(findLongList(place.input, requestWith(place, limit))).toBeUndefined();
  expect(findLongList(place.input, requestWith(place, limit + 1))).toEqual({
    field: place.fields.map(({ name }) => name).join("."),
    description: expect.stringMatching(new RegExp(`^must have (at most|\\d+ to) ${limit} items$`)),
  });
});

test.each(cases)("%s in a megabyte of items is refused before all are read", (_, place) => {
  const request = requestWith(place, MIB / 2);
  const cpuMs = () => {
    const before = process.cpuUsage();
    expect(() => validate(place.input, request)).toThrow(/must have .* items/);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  // The least of three, because a garbage collection of this worker counts, too. To read all items takes seconds.
  expect(Math.min(cpuMs(), cpuMs(), cpuMs())).toBeLessThan(200);
});

test("a message in many parts is refused, and one in some parts is read", () => {
  const input = [...methods.values()].find(({ name }) => name === "UpdateMe")!.input;
  const user = input.fields.find(({ name }) => name === "user")!;
  const inParts = (count: number) => requestWith({ input, fields: [user] }, count);
  expect(findLongList(input, inParts(2))).toBeUndefined();
  expect(findLongList(input, inParts(MIB / 2))).toMatchObject({ field: "user" });
});

test("bytes that are no message have no finding", () => {
  expect(findLongList(places[0]!.input, Uint8Array.of(0xff, 0xff))).toBeUndefined();
});

test("lists in requests are not packed, because this check counts tags", () => {
  const packable = places.filter(
    ({ fields }) => fields.at(-1)!.message === undefined && fields.at(-1)!.scalar !== 9,
  );
  expect(packable).toEqual([]);
});
