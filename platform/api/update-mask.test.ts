import { createFileRegistry, type DescMessage, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { methods } from "../contract/methods.ts";
import { registry } from "../contract/registry.ts";
import { resourceOf } from "../contract/resource.ts";
import {
  applyMask,
  assertEtag,
  etagOf,
  fieldsOf,
  isUnchanged,
  type Updatable,
  updatableFields,
} from "./update-mask.ts";

const field = (name: string, number: number, more: JsonObject = {}): JsonObject => ({
  name,
  number,
  type: "TYPE_STRING",
  label: "LABEL_OPTIONAL",
  ...more,
});
const behaves = (behavior: string) => ({ options: { "[google.api.field_behavior]": [behavior] } });

/** An update request whose resource has a field of each behaviour. The contract has no immutable field yet. */
const testRequest: DescMessage = createFileRegistry(
  fromJson(
    FileDescriptorProtoSchema,
    {
      name: "test/update.proto",
      package: "test",
      syntax: "proto3",
      dependency: ["google/api/field_behavior.proto"],
      messageType: [
        {
          name: "Profile",
          field: [
            field("id", 1, behaves("OUTPUT_ONLY")),
            field("license_number", 2, behaves("IMMUTABLE")),
            field("display_name", 3, behaves("REQUIRED")),
            field("tags", 4, { label: "LABEL_REPEATED" }),
            field("etag", 5),
          ],
        },
        {
          name: "UpdateProfileRequest",
          field: [field("profile", 1, { type: "TYPE_MESSAGE", typeName: ".test.Profile" })],
        },
      ],
    },
    { registry },
  ),
  (name) => registry.getFile(name)?.proto,
).getMessage("test.UpdateProfileRequest")!;

interface Profile {
  license: string;
  displayName: string;
  bio: string;
  tags: string[];
}

const FIELDS: Updatable<Profile> = {
  resource: "profile",
  updatable: ["displayName", "bio", "tags"],
  immutable: ["license"],
};
const current: Profile = { license: "L1", displayName: "Ann", bio: "old", tags: ["a"] };
const nothing: Profile = { license: "", displayName: "", bio: "", tags: [] };

test.each<[string, Partial<Profile>, string[] | undefined, Partial<Profile>]>([
  ["named fields are updated, also to empty", { bio: "" }, ["bio"], { bio: "" }],
  ["paths are in the proto's spelling", { displayName: "Bea" }, ["display_name"], { displayName: "Bea" }],
  ["fields that are not named stay", { bio: "new", displayName: "Bea" }, ["bio"], { bio: "new" }],
  ["without a mask, fields with a value are updated", { bio: "new" }, undefined, { bio: "new" }],
  ["an empty mask counts as none", { tags: ["b"] }, [], { tags: ["b"] }],
  [
    "an immutable field may have its current value",
    { license: "L1", bio: "new" },
    ["license", "bio"],
    { bio: "new" },
  ],
])("%s", (_, patch, mask, expected) => {
  expect(applyMask(current, { ...nothing, ...patch }, mask, FIELDS)).toEqual({ ...current, ...expected });
});

test.each([[["license"]], [undefined]])("an immutable field cannot be changed (mask: %p)", (mask) => {
  expect(() => applyMask(current, { ...nothing, license: "L2" }, mask, FIELDS)).toThrow(
    expect.objectContaining({
      reason: "INVALID_REQUEST",
      message: "profile.license: immutable; leave it out, or send its current value",
    }),
  );
});

test("the contract says which fields of a resource are updatable and immutable", () => {
  expect(fieldsOf(testRequest)).toEqual({
    resource: "profile",
    updatable: ["displayName", "tags"],
    immutable: ["licenseNumber"],
  });
  expect(() => updatableFields("medconnect.auth.v1.GetMeRequest")).toThrow("has no resource");
});

const updates = [...methods.values()].filter(({ input }) => input.field.updateMask);

test.each(updates.map(({ name, input }) => [name, input] as const))(
  "%s: each field of the resource is output only, immutable, updatable or the etag",
  (_name, input) => {
    const { field, outputOnly } = resourceOf(input)!;
    const { updatable, immutable } = fieldsOf(input);
    const names = [...updatable, ...immutable, ...outputOnly.map(({ localName }) => localName), "etag"];
    expect(names.toSorted()).toEqual(field.message.fields.map(({ localName }) => localName).toSorted());
  },
);

test("one of the etags must match the version; an empty one skips the check", () => {
  expect(() => assertEtag("", 7)).not.toThrow();
  expect(() => assertEtag(etagOf(7), 7)).not.toThrow();
  expect(() => assertEtag(`${etagOf(7)}.aHash-of_it`, 7)).not.toThrow();
  expect(() => assertEtag(`${etagOf(6)},${etagOf(7)}.aHash-of_it`, 7)).not.toThrow();
  expect(() => assertEtag(`${etagOf(6)}.${etagOf(7)}`, 7)).toThrow();
  expect(() => assertEtag(`${etagOf(6)},${etagOf(8)}`, 7)).toThrow();
  expect(() => assertEtag(etagOf(6), 7)).toThrow(expect.objectContaining({ reason: "ETAG_MISMATCH" }));
});

test.each<[Partial<Profile>, boolean]>([
  [{}, true],
  [{ tags: ["a"] }, true],
  [{ license: "ignored" }, true],
  [{ tags: ["a", "b"] }, false],
  [{ bio: "" }, false],
])("isUnchanged of an update to %j is %s", (changed, expected) => {
  expect(isUnchanged(current, { ...current, ...changed }, FIELDS)).toBe(expected);
});
