import { expect, test } from "@jest/globals";
import { applyMask, assertEtag, etagOf, isUnchanged, type Updatable } from "./update-mask.ts";

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
    expect.objectContaining({ reason: "INVALID_REQUEST" }),
  );
});

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
