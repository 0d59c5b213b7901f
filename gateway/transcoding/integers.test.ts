import { expect, test } from "@jest/globals";
import { encode, refusal } from "../testing/encode.ts";

const amount = (json: string) => ({ text: `{"fee":{"amountMinor":${json}}}` });

test.each([
  ["1e3", "1000"],
  ["1000.0", "1000"],
  ["-0", "0"],
  ["-5", "-5"],
  ['"0"', "0"],
  ['"-5"', "-5"],
  ['"9223372036854775807"', "9223372036854775807"],
])("the integer %s in JSON is %s", (json, value) => {
  const { fee } = encode("CreateDoctor", amount(json)) as { fee: { amountMinor?: string } };
  expect(fee.amountMinor ?? "0").toBe(value);
});

test.each(["05", "-05", "-0", "00", "+5", "1e3", "1.0", " 5", "5 ", "", "0x5", "٥", "1_000"])(
  "the string %j is no integer, in a body or a query",
  (text) => {
    expect(refusal("CreateDoctor", amount(JSON.stringify(text)))[1]).toBe(
      `fee.amountMinor: must be a whole number from 0 to 100000000; got ${JSON.stringify(text)}`,
    );
    for (const name of ["pageSize", "maxFeeMinor"]) {
      const query = new URLSearchParams({ [name]: text }).toString();
      expect(refusal("SearchDoctors", { query })[1]).toMatch(`${name}: must be a whole number `);
    }
  },
);

test.each(["05", "-05", "+5", "1.", ".5", "0x5"])("%s is no JSON", (json) => {
  expect(refusal("CreateDoctor", amount(json))).toEqual(["MALFORMED_JSON"]);
});
