import { expect, test } from "@jest/globals";
import { encode, refusal } from "../testing/encode.ts";
import { IF_MATCH } from "./headers.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const STRING = "must be a string in quotes";

test("PATCH changes the fields of its mask", () => {
  const patch = { values: [ID], query: "updateMask=bio,timeZone", body: { bio: "b", specialty: "s" } };
  expect(encode("UpdateDoctor", patch)).toEqual({
    doctorId: ID,
    doctor: { bio: "b", specialty: "s" },
    updateMask: "bio,timeZone",
  });
});

test("without a mask, PATCH changes the settable fields of its body; null clears", () => {
  const body = {
    id: ID,
    bio: null,
    fee: { currencyCode: "USD" },
    createTime: "2026-01-01T00:00:00Z",
    etag: "7",
  };
  expect(encode("UpdateDoctor", { values: [ID], body })).toMatchObject({ updateMask: "bio,fee" });
});

test.each([
  ['"abc"', "abc"],
  ['"abc.hash-of_it"', "abc"],
  ["abc", "abc"],
  ["abc.hash-of_it", "abc"],
  ['"a", "b.hash" ,, "a.hash"', "a,b"],
  ['"a",W/"b"', "a"],
  ['"a,b", "c"', "c"],
  ["*", undefined],
])("If-Match %s requires the versions %s", (header, etag) => {
  const message = encode("UpdateMe", { body: { phone: "" }, headers: { "if-match": header } });
  expect((message as { user: { etag?: string } }).user.etag).toBe(etag);
  expect(header).toMatch(IF_MATCH);
});

test.each([
  ["1.hash", '"1"', "1.hash"],
  ["1.old", '"2", "1.new"', "1.old"],
  ["1,2", '"2", "3"', "2"],
  ["1", "*", "1"],
  ["", '"1"', "1"],
  [null, '"1"', "1"],
])("a body's etag %j and If-Match %s must both match", (etag, header, both) => {
  const message = encode("UpdateMe", { body: { etag }, headers: { "if-match": header } });
  expect(message).toEqual({ user: { etag: both }, updateMask: "" });
});

test.each(['"2"', '"2", "3.1"'])("no version satisfies a body's etag of 1 and If-Match %s", (header) => {
  const parts = { body: { etag: "1.hash" }, headers: { "if-match": header } };
  expect(refusal("UpdateMe", parts)).toEqual(["ETAG_MISMATCH"]);
});

test("a body's etag that is no string is refused, also with If-Match", () => {
  const parts = { body: { etag: 1 }, headers: { "if-match": '"1"' } };
  expect(refusal("UpdateMe", parts)).toEqual(["INVALID_REQUEST", `etag: ${STRING}; got 1`]);
});

test.each(['"a', "a b", '"a" "b"', '"a""b"', 'a, "b"', '*, "a"', "", ","])(
  "If-Match %s is refused",
  (header) => {
    expect(refusal("UpdateMe", { headers: { "if-match": header } })[1]).toMatch(/^If-Match: /);
    expect(header).not.toMatch(IF_MATCH);
  },
);
