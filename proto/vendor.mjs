// `npm run proto:vendor`: refreshes proto/vendor, the imported public .proto files, from npm packages. Copies
// google/api and google/rpc from google-gax, and grpc/health from grpc-health-check. protoc before 22 does not
// know `debug_redact`, so proto/protoc-21 has a newer descriptor.proto for it. No package has
// buf/validate/validate.proto, so it is printed from protovalidate's descriptor, without comments and option
// values: our files need its fields only.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { file_buf_validate_validate as validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const GOOGLE_GAX = "google-gax@5.0.8";
const GRPC_HEALTH = "grpc-health-check@2.1.0";
const GOOGLE_FILES = [
  "google/api/annotations.proto",
  "google/api/field_behavior.proto",
  "google/api/http.proto",
  "google/api/httpbody.proto",
  "google/rpc/error_details.proto",
  "google/rpc/status.proto",
];
const vendor = join(import.meta.dirname, "vendor");

/** Copies files from the proto folder of an npm package. */
function copyFiles(npmPackage, folder, files, target = vendor) {
  const work = mkdtempSync(join(tmpdir(), "vendor-"));
  execFileSync("npm", ["pack", "--silent", npmPackage], { cwd: work });
  execFileSync("sh", ["-c", "tar -xzf *.tgz"], { cwd: work });
  for (const file of files) cpSync(join(work, "package", folder, file), join(target, file));
  rmSync(work, { recursive: true });
}

const LABELS = { 1: "optional ", 2: "required ", 3: "repeated " };
const SCALARS = [
  "",
  "double",
  "float",
  "int64",
  "uint64",
  "int32",
  "fixed64",
  "fixed32",
  "bool",
  "string",
  "group",
  "",
  "bytes",
  "uint32",
  "enum",
  "sfixed32",
  "sfixed64",
  "sint32",
  "sint64",
]; // prettier-ignore

const indent = (lines) => lines.map((line) => `  ${line}`);
const block = (head, body) => [`${head} {`, ...indent(body), "}"];
const typeOf = (field) => field.typeName || SCALARS[field.type];

function printField(field, label) {
  return `${label}${typeOf(field)} ${field.name} = ${field.number};`;
}

function printExtensions(extensions) {
  return extensions.flatMap((field) =>
    block(`extend ${field.extendee}`, [printField(field, LABELS[field.label])]),
  );
}

function printEnum(desc) {
  const aliases = desc.options?.allowAlias ? ["option allow_alias = true;"] : [];
  return block(`enum ${desc.name}`, [
    ...aliases,
    ...desc.value.map((value) => `${value.name} = ${value.number};`),
  ]);
}

function printMessage(message) {
  const inOneof = (field) => message.oneofDecl.length > 0 && Object.hasOwn(field, "oneofIndex");
  return block(`message ${message.name}`, [
    ...message.enumType.flatMap(printEnum),
    ...message.nestedType.flatMap(printMessage),
    ...message.field
      .filter((field) => !inOneof(field))
      .map((field) => printField(field, LABELS[field.label])),
    ...message.oneofDecl.flatMap((oneof, index) =>
      block(
        `oneof ${oneof.name}`,
        message.field
          .filter((f) => inOneof(f) && f.oneofIndex === index)
          .map((field) => printField(field, "")),
      ),
    ),
    ...message.extensionRange.map(
      ({ start, end }) => `extensions ${start} to ${end > 500_000_000 ? "max" : end - 1};`,
    ),
    ...message.reservedRange.map(({ start, end }) => `reserved ${start} to ${end - 1};`),
    ...message.reservedName.map((name) => `reserved "${name}";`),
    ...printExtensions(message.extension),
  ]);
}

function printFile({ proto }) {
  return [
    "// Printed by proto/vendor.mjs from the descriptor in @bufbuild/protovalidate (Apache-2.0).",
    `syntax = "${proto.syntax || "proto2"}";`,
    `package ${proto.package};`,
    ...proto.dependency.map((path) => `import "${path}";`),
    ...proto.enumType.flatMap(printEnum),
    ...proto.messageType.flatMap(printMessage),
    ...printExtensions(proto.extension),
    "",
  ].join("\n");
}

copyFiles(GOOGLE_GAX, "build/protos", GOOGLE_FILES);
const forOldProtoc = join(import.meta.dirname, "protoc-21");
copyFiles(GOOGLE_GAX, "build/protos", ["google/protobuf/descriptor.proto"], forOldProtoc);
copyFiles(GRPC_HEALTH, "proto", ["health/v1/health.proto"], join(vendor, "grpc"));
const target = join(vendor, "buf/validate/validate.proto");
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, printFile(validate));
