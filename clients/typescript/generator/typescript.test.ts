import { expect, test } from "@jest/globals";
import { docstring, field, typeOf } from "./typescript.ts";

const BOOKING = { $ref: "#/components/schemas/Booking" };

test.each([
  ["a reference", BOOKING, "Booking"],
  ["an enum", { type: "string", enum: ["A", "B"] }, '"A" | "B"'],
  ["a constant", { const: "A" }, '"A"'],
  ["a list", { type: "array", items: { type: "string", enum: ["A", "B"] } }, '("A" | "B")[]'],
  ["a map", { type: "object", additionalProperties: { type: "string" } }, "Record<string, string>"],
  ["alternatives", { oneOf: [BOOKING, { type: "string" }] }, "Booking | string"],
  ["a combination", { allOf: [BOOKING, { enum: [1, 2] }] }, "Booking & (1 | 2)"],
  ["an empty object", { type: "object", maxProperties: 0 }, "Record<string, never>"],
  ["a number", { type: "integer", format: "int32" }, "number"],
  ["a 64-bit number", { type: "string", format: "int64" }, "string"],
  ["a time", { type: "string", format: "date-time" }, "string"],
  ["a raw body", { type: "string", format: "binary" }, "string | Uint8Array<ArrayBuffer>"],
])("%s", (_title, schema, type) => {
  expect(typeOf(schema, "answer")).toBe(type);
});

test("a request takes dates and undefined, and has no read-only fields", () => {
  const properties = {
    startTime: { type: "string", format: "date-time" },
    id: { type: "string", readOnly: true },
  };
  expect(typeOf({ type: "object", properties }, "request")).toBe(
    "{\nstartTime?: string | Date | undefined;\n}",
  );
  expect(typeOf({ type: "object", properties, required: ["id"] }, "answer")).toBe(
    "{\nstartTime?: string;\nid: string;\n}",
  );
});

test("a field that is no identifier is quoted, and a deprecated one says so", () => {
  const schema = { type: "string", description: "A signature.", deprecated: true };
  expect(field({ name: "Stub-Signature", schema, required: true }, "request")).toBe(
    '/**\n * A signature.\n *\n * @deprecated\n */\n"Stub-Signature": string;\n',
  );
});

test("a docstring ends where it should, and has short lines", () => {
  expect(docstring("Ends */ here.")).toBe("/** Ends *\\/ here. */\n");
  const lines = docstring("word ".repeat(50)).split("\n");
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(110);
});
