import { createFileRegistry, type DescMessage, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, file_google_protobuf_wrappers } from "@bufbuild/protobuf/wkt";
import { registry } from "@medconnect/platform/contract/registry.ts";

const field = (name: string, number: number, type: string, more: JsonObject = {}): JsonObject => ({
  name,
  number,
  type,
  label: "LABEL_OPTIONAL",
  jsonName: name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  ...more,
});

const file = fromJson(FileDescriptorProtoSchema, {
  name: "test/test.proto",
  package: "test",
  syntax: "proto3",
  dependency: ["google/api/httpbody.proto", "google/protobuf/wrappers.proto"],
  messageType: [
    {
      name: "Inner",
      field: [field("id", 1, "TYPE_STRING"), field("name", 2, "TYPE_STRING")],
    },
    {
      name: "Thing",
      field: [
        field("inner", 1, "TYPE_MESSAGE", { typeName: ".test.Inner" }),
        field("active", 2, "TYPE_BOOL"),
        field("tags", 3, "TYPE_STRING", { label: "LABEL_REPEATED" }),
        field("weight", 4, "TYPE_DOUBLE"),
      ],
    },
    {
      name: "Wrapped",
      field: [
        field("flag", 1, "TYPE_MESSAGE", { typeName: ".google.protobuf.BoolValue" }),
        field("count", 2, "TYPE_MESSAGE", { typeName: ".google.protobuf.Int64Value" }),
        field("word", 3, "TYPE_MESSAGE", { typeName: ".google.protobuf.StringValue" }),
        field("ratio", 4, "TYPE_MESSAGE", { typeName: ".google.protobuf.DoubleValue" }),
      ],
    },
    {
      name: "Webhook",
      field: [
        field("provider", 1, "TYPE_STRING"),
        field("payload", 2, "TYPE_MESSAGE", { typeName: ".google.api.HttpBody" }),
      ],
    },
  ],
});

const testRegistry = createFileRegistry(file, (name) =>
  name === file_google_protobuf_wrappers.proto.name
    ? file_google_protobuf_wrappers.proto
    : registry.getFile(name)?.proto,
);

/**
 * Message of a contract for tests: Thing, Wrapped or Webhook. They have features that the gateway supports,
 * but the real contract does not use.
 */
export const testMessage = (name: string): DescMessage => testRegistry.getMessage(`test.${name}`)!;
