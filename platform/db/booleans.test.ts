import { expect, test } from "@jest/globals";
import { withBooleans } from "./booleans.ts";

interface Row {
  isOpen: boolean;
  isPaid?: boolean | null;
  count: number;
}

test("1 and 0 become booleans; NULL, absent and other fields stay", () => {
  const rows = [
    { isOpen: 1, isPaid: 0, count: 1 },
    { isOpen: 0, isPaid: null, count: 0 },
    { isOpen: 1, count: 1 },
  ] as unknown as Row[];
  const converted = [
    { isOpen: true, isPaid: false, count: 1 },
    { isOpen: false, isPaid: null, count: 0 },
    { isOpen: true, count: 1 },
  ];
  expect(withBooleans(rows, ["isOpen", "isPaid"])).toEqual(converted);
  expect(withBooleans(rows, ["isOpen", "isPaid"])).toEqual(converted);
});
