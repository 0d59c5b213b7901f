import { expect, test } from "@jest/globals";
import { assertDeclared, grantedScopes } from "./scope-rules.ts";

const GRANTED = ["billing.payments.read", "scheduling.bookings.read"];

test.each([
  ["", GRANTED],
  ["  ", GRANTED],
  ["scheduling.bookings.read", ["scheduling.bookings.read"]],
  ["scheduling.bookings.read  billing.payments.read", ["scheduling.bookings.read", "billing.payments.read"]],
  ["billing.payments.read billing.payments.read", ["billing.payments.read"]],
])("who asks for %j gets %j", (asked, scopes) => {
  expect(grantedScopes(GRANTED, asked)).toEqual(scopes);
});

test.each(["admin.stats.read", "billing.payments.read admin.stats.read", "billing", "*"])(
  "who asks for %j, which is more than the account has, is refused",
  (asked) => {
    expect(() => grantedScopes(GRANTED, asked)).toThrow(expect.objectContaining({ reason: "INVALID_SCOPE" }));
  },
);

test("a scope that no method names is refused, and those that there are are named", () => {
  expect(() => assertDeclared(GRANTED)).not.toThrow();
  expect(() => assertDeclared([...GRANTED, "clinical.notes.read"])).toThrow(
    expect.objectContaining({
      reason: "INVALID_REQUEST",
      violations: [
        {
          field: "service_account.scopes[2]",
          description: expect.stringContaining("scheduling.bookings.read"),
        },
      ],
    }),
  );
});
