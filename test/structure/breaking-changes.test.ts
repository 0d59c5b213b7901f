import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { afterAll, expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const BASELINE = "proto/baseline.binpb";
const folder = mkdtempSync(join(tmpdir(), "medconnect-baseline-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `npm run proto:breaking` against another baseline. @returns its output if it fails */
function compareWith(baseline: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const script = (manifest.scripts["proto:breaking"] as string).replace(BASELINE, baseline);
  try {
    execFileSync("sh", ["-c", script], { cwd: ROOT, encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

test("the contract has everything that the last release had", () => {
  expect(compareWith(BASELINE)).toBe("");
});

test("a lost field is a breaking change", () => {
  const released = fromBinary(FileDescriptorSetSchema, readFileSync(join(ROOT, BASELINE)));
  const booking = released.file
    .filter((file) => file.package === "medconnect.scheduling.v1")
    .flatMap((file) => file.messageType)
    .find(({ name }) => name === "Booking")!;
  booking.field.push(
    create(FieldDescriptorProtoSchema, {
      name: "lost",
      jsonName: "lost",
      number: 9999,
      label: FieldDescriptorProto_Label.OPTIONAL,
      type: FieldDescriptorProto_Type.STRING,
    }),
  );
  const baseline = join(folder, "baseline.binpb");
  writeFileSync(baseline, toBinary(FileDescriptorSetSchema, released));
  expect(compareWith(baseline)).toContain('"9999" with name "lost" on message "Booking" was deleted');
});
