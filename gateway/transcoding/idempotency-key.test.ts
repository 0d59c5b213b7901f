import { expect, test } from "@jest/globals";
import { encode, refusal } from "../testing/encode.ts";
import { IDEMPOTENCY_KEY } from "./headers.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

test.each([
  ["bare", "bare"],
  ['"quoted"', "quoted"],
  ['"with \\" and \\\\"', 'with " and \\'],
  ["two words", "two words"],
  ["x".repeat(255), "x".repeat(255)],
])("the header %s is accepted", (header, key) => {
  const message = encode("CreateBooking", { headers: { "idempotency-key": header }, body: { slotId: ID } });
  expect(message).toMatchObject({ idempotencyKey: key });
  expect(header).toMatch(IDEMPOTENCY_KEY);
});

test.each(["", '""', '"open', '"a"b', '"a\\x"', "x".repeat(256), "kéy", "tab\tkey"])(
  "the header %j is refused",
  (header) => {
    expect(header).not.toMatch(IDEMPOTENCY_KEY);
    expect(
      refusal("CreateBooking", { headers: { "idempotency-key": header }, body: { slotId: ID } }),
    ).toEqual(["INVALID_REQUEST", "Idempotency-Key: must be one key of 1 to 255 printable ASCII characters"]);
  },
);

test("methods without idempotency ignore the header", () => {
  expect(
    encode("Login", { headers: { "idempotency-key": "" }, body: { email: "a", password: "b" } }),
  ).toEqual({
    email: "a",
    password: "b",
  });
});

test("the key is neither a field nor a parameter", () => {
  expect(refusal("CreateBooking", { body: { idempotencyKey: "k" } })).toEqual([
    "INVALID_REQUEST",
    "idempotencyKey: unknown field; send the header Idempotency-Key",
  ]);
  expect(refusal("CreateDoctor", { query: "idempotencyKey=k" })).toEqual([
    "INVALID_REQUEST",
    "idempotencyKey: unknown query parameter; send the header Idempotency-Key",
  ]);
});
