import { expect, test } from "@jest/globals";
import { placeOfError } from "./json-error.ts";

const refuse = (json: string) => expect(() => JSON.parse(json)).toThrow(SyntaxError);

test.each([
  ["", "line 1, column 1"],
  ["hunter2", "line 1, column 1"],
  ['{"password": hunter2}', "line 1, column 14"],
  ['{\n  "email": "a@example.org",\n  "password": \'hunter2\'\n}', "line 3, column 15"],
  ['{"password": "hunter2}', "line 1, column 14"],
  ['{"password": "hunter2\n"}', "line 1, column 14"],
  ['{"password": "hunter\\2"}', "line 1, column 14"],
  ['{"password" "hunter2"}', "line 1, column 13"],
  ['{"a": [1, -2.5e3, true, null, {}, []] "b": 1}', "line 1, column 39"],
  ['{"a": 1,}', "line 1, column 9"],
  ["[1 2]", "line 1, column 4"],
  ["[01]", "line 1, column 3"],
  ["[1,]", "line 1, column 4"],
  ["{} hunter2", "line 1, column 4"],
  ['{"a": {"b": 1}', "line 1, column 15"],
  ["\u00a0{}", "line 1, column 1"],
])("%j has its first error at %s", (json, place) => {
  refuse(json);
  expect(placeOfError(json)).toBe(place);
});

test("any text that JSON.parse accepts is read to its end", () => {
  const values = {
    text: '"\\/\b\u0001\u007f\u2028é😀',
    numbers: [0, -1.5e-7, 1e21],
    none: null,
    yes: true,
    no: [{}, []],
  };
  const json = ` ${JSON.stringify(values, undefined, 2)}\r\n`;
  expect(placeOfError(json)).toBe(`line ${json.split("\n").length}, column 1`);
});
