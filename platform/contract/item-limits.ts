import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { quantity } from "./describe-violation.ts";

/**
 * Limit for lists of Google's types, which have no `max_items`, such as the paths of a field mask. Also limits
 * the parts of a message that an encoder splits, which the decoder merges.
 */
const MAX_PARTS = 100;

const limits = new WeakMap<DescField, number>();

/** Maximum number of times that a field may be in a message: the items of a list, the parts of a split message. */
export function itemLimitOf(field: DescField): number {
  const known = limits.get(field);
  if (known !== undefined) return known;
  const { type } = getOption(field, rulesOption);
  const limit = (type.case === "repeated" && Number(type.value.maxItems)) || MAX_PARTS;
  limits.set(field, limit);
  return limit;
}

/** The violation of a list with more items than it may have. @param count number of items, if it is known */
export function tooManyItems(field: DescField, path: string, count?: number): FieldViolation {
  const { type } = getOption(field, rulesOption);
  const min = type.case === "repeated" ? type.value.minItems : 0n;
  const words = `must have ${quantity(min, BigInt(itemLimitOf(field)))} items`;
  return { field: path, description: count === undefined ? words : `${words}; got ${count}` };
}

/**
 * Finds a list with more items than it may have, by reading only tags and lengths. Decoding such a message
 * and describing its mistakes would take seconds, so this check comes first. Messages that cannot be read
 * have no finding, because the decoder refuses them.
 */
export function findLongList(schema: DescMessage, bytes: Uint8Array): FieldViolation | undefined {
  try {
    return findIn(schema, new BinaryReader(bytes), bytes.length, "");
  } catch {
    return undefined;
  }
}

function findIn(
  { fields }: DescMessage,
  reader: BinaryReader,
  end: number,
  path: string,
): FieldViolation | undefined {
  const counts = new Map<DescField, number>();
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = fields.find((each) => each.number === number);
    if (field?.message && wireType === WireType.LengthDelimited) {
      const length = reader.uint32();
      const found = findIn(field.message, reader, reader.pos + length, `${path}${field.name}.`);
      if (found) return found;
    } else reader.skip(wireType, number);
    if (!field) continue;
    const count = (counts.get(field) ?? 0) + 1;
    if (count > itemLimitOf(field)) return tooManyItems(field, path + field.name);
    counts.set(field, count);
  }
  return undefined;
}
