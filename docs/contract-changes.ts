import {
  createFileRegistry,
  type DescEnum,
  type DescMessage,
  type DescService,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ruleChanges } from "./rule-changes.ts";
import { type Rules, rulesOf } from "./rules-of-contract.ts";

type Part = DescMessage | DescEnum | DescService;

/** A named part of the contract, such as "field CreateBookingRequest.slot_id", and if it is deprecated. */
type Parts = Map<string, boolean>;

/** A change of a rule: the part of the contract, and the change in words. */
type RuleChange = readonly [part: string, change: string];

/**
 * Differences of two contracts, as a list in Markdown: what is new, deprecated, and gone, and the rules that
 * are wider or narrower. Both are serialized google.protobuf.FileDescriptorSet.
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
    ...ruleSection("Wider rules", changesOfRules(before, after).additive),
    ...ruleSection("Narrower rules (breaking)", changesOfRules(before, after).breaking),
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

const ruleSection = (title: string, changes: readonly RuleChange[]): string[] =>
  changes.length === 0
    ? []
    : [`### ${title}`, "", ...changes.map(([part, change]) => `- \`${part}\`: ${change}`), ""];

/**
 * Changes of the rules that buf does not compare: paths, callers, bounds, required fields, reasons. Those of
 * removed parts are none, because buf reports the parts. A new field has rules too: it must not be required.
 */
export function changesOfRules(
  before: Uint8Array,
  after: Uint8Array,
): { breaking: RuleChange[]; additive: RuleChange[] } {
  const [old, current] = [rulesOf(before), rulesOf(after)];
  const breaking: RuleChange[] = [];
  const additive: RuleChange[] = [];
  for (const [part, rules] of current) {
    const known = old.get(part);
    if (known) {
      const changes = ruleChanges(known, rules);
      breaking.push(...changes.breaking.map((change) => [part, change] as const));
      additive.push(...changes.additive.map((change) => [part, change] as const));
    } else if (old.has(ownerOf(part)) && isRequired(rules)) breaking.push([part, "a new required field"]);
  }
  return { breaking, additive };
}

function isRequired(rules: Rules): boolean {
  const limit = rules.get("limit");
  return limit?.kind === "refused" && limit.values.includes("required");
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
