import { expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import fc from "fast-check";
import { encode } from "../testing/encode.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

test("any request is accepted or refused with 400 or 412", () => {
  const names = [
    "CreateBooking",
    "CreateDoctor",
    "UpdateDoctor",
    "BatchCreateSlots",
    "VerifyMfa",
    "CreatePrescription",
  ];
  const keys = fc.constantFrom(
    "slotId",
    "slot_id",
    "doctor",
    "fee",
    "amountMinor",
    "slots",
    "startTime",
    "languages",
    "verification",
    "items",
    "refills",
    "code",
    "recoveryCode",
    "etag",
    "__proto__",
    "constructor",
    "toString",
    "",
  );
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(ID, "2026-03-01T09:00:00Z", "PENDING", "1e400", "-0", "[object Object]"),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value")), fc.dictionary(keys, tie("value"))),
  })).value;
  const text = fc.oneof(
    json.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string({ unit: "binary" }),
  );
  const query = fc.oneof(
    fc.string(),
    fc.webQueryParameters(),
    keys.map((key) => `${key}=1`),
  );
  const header = fc.oneof(fc.constant("k"), fc.string());
  fc.assert(
    fc.property(fc.constantFrom(...names), text, query, header, (name, body, parameters, key) => {
      const headers = { "idempotency-key": key, "if-match": key };
      const parts = { values: [ID, ID], query: parameters, text: body, headers };
      try {
        encode(name, parts);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        expect([400, 412]).toContain(error.rule.httpStatus);
      }
    }),
    { numRuns: 3000 },
  );
});
