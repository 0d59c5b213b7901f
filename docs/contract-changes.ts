import {
  createFileRegistry,
  type DescEnum,
  type DescMessage,
  type DescService,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

type Part = DescMessage | DescEnum | DescService;

/** A named part of the contract, such as "field CreateBookingRequest.slot_id", and if it is deprecated. */
type Parts = Map<string, boolean>;

/**
 * Differences of two contracts, as a list in Markdown: what is new, deprecated, and gone. Both are
 * serialized google.protobuf.FileDescriptorSet.
 */
export function contractChanges(before: Uint8Array, after: Uint8Array): string {
  const [old, current] = [partsOf(before), partsOf(after)];
  const added = [...current.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !current.has(name));
  const deprecated = [...current].filter(([name, isDeprecated]) => isDeprecated && old.get(name) === false);
  const lines = [
    ...section("Added", added),
    ...section(
      "Deprecated",
      deprecated.map(([name]) => name),
    ),
    ...section("Removed", removed),
  ];
  return lines.length === 0 ? "No changes.\n" : lines.join("\n");
}

/** Parts of a new or removed message are not listed one by one. */
function section(title: string, names: string[]): string[] {
  const all = new Set(names);
  const outermost = names.filter((name) => !all.has(ownerOf(name)));
  return outermost.length === 0
    ? []
    : [`### ${title}`, "", ...outermost.sort().map((name) => `- \`${name}\``), ""];
}

const ownerOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf("."), 0));

function partsOf(descriptors: Uint8Array): Parts {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const parts: Parts = new Map();
  for (const desc of registry) {
    if (desc.kind === "extension" || !desc.typeName.startsWith("medconnect.")) continue;
    parts.set(desc.typeName, desc.deprecated);
    for (const part of membersOf(desc)) parts.set(`${desc.typeName}.${part.name}`, part.deprecated);
  }
  return parts;
}

function membersOf(desc: Part): readonly { name: string; deprecated: boolean }[] {
  if (desc.kind === "message") return desc.fields;
  return desc.kind === "enum" ? desc.values : desc.methods;
}
