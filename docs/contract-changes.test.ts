import { fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { contractChanges } from "./contract-changes.ts";

const field = (name: string, number: number, options: JsonObject = {}): JsonObject => ({
  name,
  number,
  type: "TYPE_STRING",
  label: "LABEL_OPTIONAL",
  options,
});
/** A contract with these messages. */
const contract = (messages: Record<string, JsonObject[]>): Uint8Array => {
  const messageType = Object.entries(messages).map(([name, fields]) => ({ name, field: fields }));
  const file = { name: "a.proto", package: "medconnect.test.v1", syntax: "proto3", messageType };
  return toBinary(FileDescriptorSetSchema, fromJson(FileDescriptorSetSchema, { file: [file] }));
};

test("lists what was added, deprecated and removed", () => {
  const before = contract({
    Booking: [field("id", 1), field("place", 2), field("note", 3)],
    Old: [field("id", 1)],
  });
  const after = contract({
    Booking: [field("id", 1), field("place", 2, { deprecated: true }), field("mode", 4)],
    Visit: [field("id", 1)],
  });
  expect(contractChanges(before, after)).toBe(`### Added

- \`medconnect.test.v1.Booking.mode\`
- \`medconnect.test.v1.Visit\`

### Deprecated

- \`medconnect.test.v1.Booking.place\`

### Removed

- \`medconnect.test.v1.Booking.note\`
- \`medconnect.test.v1.Old\`
`);
});

test("says if nothing has changed", () => {
  const same = contract({ Booking: [field("id", 1)] });
  expect(contractChanges(same, same)).toBe("No changes.\n");
});
