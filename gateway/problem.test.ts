import { expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import fc from "fast-check";
import { MAX_PROBLEM_BYTES, problemOf } from "./problem.ts";

const sizeOf = (error: ApiError) => Buffer.byteLength(JSON.stringify(problemOf(error, "x".repeat(128))));
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 2000 }),
  fc.constantFrom("x".repeat(100_000), "\u0001".repeat(100_000), "語".repeat(100_000), "😀".repeat(100_000)),
);
const violation = fc.record({ field: text, description: text });

test("a problem is never larger than 8 KiB, whatever is wrong with a request", () => {
  fc.assert(
    fc.property(fc.array(violation, { maxLength: 200 }), text, (violations, detail) => {
      const error = new ApiError("INVALID_REQUEST", { violations, detail, metadata: { detail } });
      expect(sizeOf(error)).toBeLessThanOrEqual(MAX_PROBLEM_BYTES);
    }),
  );
});

test("violations that leave room are told as they are, and those that do not are counted", () => {
  const violations = Array.from({ length: 500 }, (_, i) => ({ field: `f${i}`, description: "is unknown" }));
  const few = violations.slice(0, 50);
  expect(problemOf(new ApiError("INVALID_REQUEST", { violations: few }), "id").errors).toEqual(few);
  const errors = problemOf(new ApiError("INVALID_REQUEST", { violations }), "id").errors!;
  expect(errors.slice(0, -1)).toEqual(violations.slice(0, errors.length - 1));
  expect(errors.at(-1)).toEqual({ field: "", description: `${501 - errors.length} more` });
});
