import { expect, test } from "@jest/globals";
import { cellsOf } from "./cells.ts";
import { commandNamed } from "./commands.ts";
import { table, wholeTable } from "./table.ts";

const ID = "01a22ee6-d57a-70ff-a040-77e2faf7cf90";
const BOOKING = {
  id: ID,
  doctorName: "Dana Doctor",
  patientName: "Pat Patient",
  status: "CONFIRMED",
  startTime: "2026-12-02T09:00:00Z",
  endTime: "2026-12-02T09:30:00Z",
  fee: { currencyCode: "USD", amountMinor: "5000" },
};
const USER = {
  id: ID,
  fullName: "Pat Patient",
  email: "patient@demo.medconnect.test",
  status: "ACTIVE",
  role: "PATIENT",
};
const columnsOf = (command: string) => {
  const { columns = [] } = commandNamed(command) as { columns?: readonly string[] };
  return columns;
};

test.each([
  ["list-bookings", 80, BOOKING, "status startTime fee id"],
  ["list-bookings", 100, BOOKING, "status startTime doctorName patientName id"],
  ["list-users", 80, USER, "email fullName id"],
  ["list-users", 80, { ...USER, email: `p${USER.email}` }, "email fullName id"],
  ["list-users", 100, USER, "email fullName status role id"],
])("%s in %i columns shows what fits", (command, width, item, expected) => {
  const lines = table([item], columnsOf(command), width);
  expect(lines[0]?.split(/ +/).join(" ")).toBe(expected);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
});

test("a column that is too wide leaves its place to the next ones", () => {
  const item = { name: "a", text: "x".repeat(30), short: "y", id: "1" };
  expect(table([item], ["name", "text", "short", "id"], 20)).toEqual(["name  short  id", "a     y      1"]);
});

test("long cells are cut, columns without a value are left out", () => {
  const items = [{ note: "n".repeat(50), none: "" }, { note: "m" }];
  expect(table(items, ["note", "none"], 80)).toEqual(["note", `${"n".repeat(39)}…`, "m"]);
});

test("a whole table cuts nothing", () => {
  const note = "n".repeat(200);
  expect(
    wholeTable([
      { note, by: "a" },
      { note: "m", by: "b" },
    ]),
  ).toEqual([`note${" ".repeat(36)}  by`, `${note}  a`, `m${" ".repeat(39)}  b`]);
});

test.each([
  ["USD", "5000", "50.00 USD"],
  ["USD", "5", "0.05 USD"],
  ["JPY", "5000", "5000 JPY"],
  ["KWD", "1234", "1.234 KWD"],
  ["USD", "9223372036854775807", "92233720368547758.07 USD"],
])("money of %s %s is %s", (currencyCode, amountMinor, text) => {
  expect(cellsOf({ fee: { currencyCode, amountMinor } })).toEqual({ fee: text });
});

test("messages have dots in their names, and lists are one text", () => {
  const answer = {
    a: { b: { c: 1 } },
    tags: ["x", "y"],
    sums: [
      { currencyCode: "USD", amountMinor: "1" },
      { currencyCode: "EUR", amountMinor: "2" },
    ],
    items: [{ d: 1 }],
    text: "two\nlines",
  };
  expect(cellsOf(answer)).toEqual({
    "a.b.c": "1",
    tags: "x, y",
    sums: "0.01 USD, 0.02 EUR",
    items: '[{"d":1}]',
    text: "two lines",
  });
});
