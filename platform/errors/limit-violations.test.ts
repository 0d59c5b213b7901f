import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { encodeStatus } from "../grpc/status.ts";
import { ApiError } from "./api-error.ts";
import { type FieldViolation, limitViolations } from "./limit-violations.ts";

const many = (count: number, field = "slots[7].start_time") =>
  Array.from({ length: count }, () => ({ field, description: "must lie in the future" }));

test("the detail of an error is its first violation", () => {
  const detailOf = (...violations: FieldViolation[]) =>
    new ApiError("INVALID_REQUEST", { violations }).message;
  const phone = { field: "phone", description: "must be E.164 such as +4930123456" };
  expect(detailOf(phone)).toBe("phone: must be E.164 such as +4930123456");
  expect(detailOf({ ...phone, field: "" })).toBe("must be E.164 such as +4930123456");
  expect(detailOf(phone, ...many(2))).toBe("phone: must be E.164 such as +4930123456 (first of 3 mistakes)");
  expect(detailOf(phone, ...many(80))).toMatch(/ \(first of many mistakes\)$/);
  expect(detailOf({ field: "a", description: "x".repeat(300) }, phone)).toMatch(
    /^a: x{100,}… \(first of 2 mistakes\)$/,
  );
});

describe("violations of an error", () => {
  test("are at most 50", () => {
    expect(limitViolations(many(50))).toEqual(many(50));
    expect(limitViolations(many(51))).toEqual([
      ...many(49),
      { field: "", description: "There are more violations than this answer lists." },
    ]);
    expect(limitViolations(limitViolations(many(500)))).toEqual(limitViolations(many(500)));
  });

  test("show what a terminal would obey, and what nobody sees, as escapes", () => {
    const [violation] = limitViolations(many(1, "a\u001b[31m\r\n\u0085\u202eb"));
    expect(violation!.field).toBe("a\\u001b[31m\\u000d\\u000a\\u0085\\u202eb");
  });

  test("have shortened field names", () => {
    expect(limitViolations(many(1, "x".repeat(12_000)))).toEqual(many(1, `${"x".repeat(99)}…`));
  });

  test("are cut between code points", () => {
    const [violation] = limitViolations(many(1, "😀".repeat(100)));
    expect(violation!.field.isWellFormed()).toBe(true);
  });

  test("fit into 8 KiB as a problem and as a trailer, whatever the field names are", () => {
    const text = fc.string({ unit: "binary", maxLength: 400, size: "max" });
    const violations = fc.array(fc.record({ field: text, description: text }), {
      maxLength: 80,
      size: "max",
    });
    fc.assert(
      fc.property(violations, (found) => {
        const error = new ApiError("INVALID_REQUEST", { violations: found });
        expect(Buffer.byteLength(JSON.stringify(error.violations))).toBeLessThan(7 * 1024);
        const message = encodeURI(error.message);
        expect(encodeStatus(error).toString("base64").length + message.length).toBeLessThan(8 * 1024);
      }),
    );
  });

  test("are limited in every error", () => {
    expect(new ApiError("INVALID_REQUEST", { violations: many(80) }).violations).toHaveLength(50);
  });
});
