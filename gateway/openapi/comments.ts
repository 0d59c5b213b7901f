import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { commentedFiles } from "@medconnect/platform/contract/commented-files.ts";
import { withJsonNames } from "./json-names.ts";

type Declaration = DescMessage | DescField | DescEnum | DescEnumValue | DescService | DescMethod;

/**
 * The comment before a declaration in its .proto, as one paragraph; "" without one. Descriptors store
 * comments separately from declarations (google.protobuf.SourceCodeInfo). The key of a comment is a path: the
 * field numbers and indexes that lead to the declaration in the file's descriptor.
 */
export function commentOn(desc: Declaration): string {
  return commentsIn(fileOf(desc))?.get(pathOf(desc).join(".")) ?? "";
}

/** Splits a comment into its first sentence, without the full stop, and the rest. */
export function splitComment(comment: string): { summary: string; rest: string } {
  const first = /^.*?[.!?](?=\s|$)/.exec(comment)?.[0] ?? comment;
  return { summary: first.replace(/\.$/, ""), rest: comment.slice(first.length).trim() };
}

/**
 * Comments by path, for each file name. Read on demand, because most gateways never serve the OpenAPI
 * document.
 */
let commentsByFile: Map<string, Map<string, string>> | undefined;

function commentsIn(file: DescFile): Map<string, string> | undefined {
  commentsByFile ??= new Map(commentedFiles().map((proto) => [proto.name, readComments(proto)]));
  return commentsByFile.get(file.proto.name);
}

function readComments({ sourceCodeInfo }: FileDescriptorProto): Map<string, string> {
  const commented = (sourceCodeInfo?.location ?? []).filter(({ leadingComments }) => leadingComments);
  return new Map(commented.map(({ path, leadingComments }) => [path.join("."), forClients(leadingComments)]));
}

/** The comment as one paragraph. Field names in backticks become JSON names, such as `pageToken`. */
const forClients = (comment: string): string => withJsonNames(comment.trim().replaceAll(/\s+/g, " "));

function fileOf(desc: Declaration): DescFile {
  return "file" in desc ? desc.file : fileOf(desc.parent);
}

/** Path of a declaration in its file. The constants are field numbers in google/protobuf/descriptor.proto. */
function pathOf(desc: Declaration): number[] {
  switch (desc.kind) {
    case "message":
      return desc.parent
        ? [...pathOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto)]
        : [4, desc.file.proto.messageType.indexOf(desc.proto)];
    case "enum":
      return desc.parent
        ? [...pathOf(desc.parent), 4, desc.parent.proto.enumType.indexOf(desc.proto)]
        : [5, desc.file.proto.enumType.indexOf(desc.proto)];
    case "field":
      return [...pathOf(desc.parent), 2, desc.parent.proto.field.indexOf(desc.proto)];
    case "enum_value":
      return [...pathOf(desc.parent), 2, desc.parent.proto.value.indexOf(desc.proto)];
    case "service":
      return [6, desc.file.proto.service.indexOf(desc.proto)];
    case "rpc":
      return [...pathOf(desc.parent), 2, desc.parent.proto.method.indexOf(desc.proto)];
  }
}
