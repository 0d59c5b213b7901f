import { expect, test } from "@jest/globals";
import { assertDeclared, grantedScopes } from "./scope-rules.ts";

const GRANTED = ["billing.payments.read", "scheduling.bookings.read"];

test.each([
  ["", GRANTED],
  ["  ", GRANTED],
  ["scheduling.bookings.read", ["scheduling.bookings.read"]],
  ["scheduling.bookings.read  billing.payments.read", ["scheduling.bookings.read", "billing.payments.read"]],
  ["billing.payments.read billing.payments.read", ["billing.payments.read"]],
])("a request for %j gets %j", (asked, scopes) => {
  expect(grantedScopes(GRANTED, asked)).toEqual(scopes);
});

test.each(["admin.stats.read", "billing.payments.read admin.stats.read", "billing", "*"])(
  "a request for %j, beyond the account's scopes, is refused",
  (asked) => {
    expect(() => grantedScopes(GRANTED, asked)).toThrow(expect.objectContaining({ reason: "INVALID_SCOPE" }));
  },
);

test("an undeclared scope is refused with a list of the declared ones", () => {
  expect(() => assertDeclared(GRANTED)).not.toThrow();
  expect(() => assertDeclared([...GRANTED, "clinical.notes.read"])).toThrow(
    expect.objectContaining({
      reason: "INVALID_REQUEST",
      violations: [
        {
          field: "service_account.scopes[2]",
          description: expect.stringMatching(/ there are (\w+\.)+\w+(, (\w+\.)+\w+)+$/),
        },
      ],
    }),
  );
});
