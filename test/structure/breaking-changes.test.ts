import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, setExtension, toBinary } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  EnumValueDescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { afterAll, expect, test } from "@jest/globals";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { HttpRuleSchema } from "@medconnect/proto/es/google/api/http_pb.js";

const ROOT = join(import.meta.dirname, "../..");
const BASELINE = "proto/baseline.binpb";
const folder = mkdtempSync(join(tmpdir(), "medconnect-baseline-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `npm run proto:breaking` against another baseline. @returns its output if it fails */
function compareWith(baseline: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const script = (manifest.scripts["proto:breaking"] as string).replaceAll(BASELINE, baseline);
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

/** The file of the baseline that declares bookings. */
type BaselineFile = FileDescriptorSet["file"][number];

test.each<[string, (file: BaselineFile) => void, string]>([
  [
    "field",
    (file) => file.messageType[0]!.field.push(field("lost", 9999)),
    'field "9999" with name "lost" on message',
  ],
  [
    "message",
    (file) => file.messageType.push(create(DescriptorProtoSchema, { name: "Lost" })),
    'message "Lost" was deleted',
  ],
  [
    "enum value",
    (file) =>
      file.messageType
        .find(({ enumType }) => enumType.length > 0)!
        .enumType[0]!.value.push(create(EnumValueDescriptorProtoSchema, { name: "LOST", number: 99 })),
    'enum value "99" on enum "Status" was deleted',
  ],
  [
    "operation",
    (file) => file.service[0]!.method.push({ ...file.service[0]!.method[0]!, name: "Lost" }),
    'RPC "Lost" on service "BookingService" was deleted',
  ],
  [
    "type of a field",
    (file) => Object.assign(file.messageType[0]!.field[0]!, { type: FieldDescriptorProto_Type.BOOL }),
    "changed type from",
  ],
  [
    "path of an operation",
    (file) =>
      setExtension(
        file.service[0]!.method[0]!.options!,
        http,
        create(HttpRuleSchema, { pattern: { case: "post", value: "/v1/lost" } }),
      ),
    "medconnect.scheduling.v1.BookingService.CreateBooking: path: no longer POST /v1/lost",
  ],
])("a lost %s is a breaking change", (_, change, words) => {
  const released = fromBinary(FileDescriptorSetSchema, readFileSync(join(ROOT, BASELINE)));
  change(released.file.find((file) => file.service.some(({ name }) => name === "BookingService"))!);
  const baseline = join(folder, "baseline.binpb");
  writeFileSync(baseline, toBinary(FileDescriptorSetSchema, released));
  expect(compareWith(baseline)).toContain(words);
});

const field = (name: string, number: number) =>
  create(FieldDescriptorProtoSchema, {
    name,
    jsonName: name,
    number,
    label: FieldDescriptorProto_Label.OPTIONAL,
    type: FieldDescriptorProto_Type.STRING,
  });
