import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Text_Kind, text as textOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { FieldViolation } from "../errors/limit-violations.ts";

/**
 * Patterns for the names of the two fields of a range, such as start_time and end_time, or available_from and
 * available_to.
 */
const NAMES: [start: RegExp, end: string][] = [
  [/^start_/, "end_"],
  [/_start$/, "_end"],
  [/_from$/, "_to"],
  [/_from$/, "_until"],
];

interface Range {
  readonly start: DescField;
  readonly end: DescField;
}

/** Finds the pairs of time or date fields in a message that form a range, by their names. */
export function rangesIn(desc: DescMessage): Range[] {
  return desc.fields.filter(isPointInTime).flatMap((start) =>
    NAMES.filter(([pattern]) => pattern.test(start.name)).flatMap(([pattern, name]) => {
      const end = desc.fields.find((field) => field.name === start.name.replace(pattern, name));
      return end && isPointInTime(end) ? [{ start, end }] : [];
    }),
  );
}

const isPointInTime = (field: DescField): boolean =>
  field.message?.typeName === "google.protobuf.Timestamp" || getOption(field, textOption) === Text_Kind.DATE;

type Check = (message: Record<string, unknown>, path: string, found: FieldViolation[]) => void;

/** Makes one check for each range in a message. A range must not end before it starts, but may be empty. */
export const rangeChecks = (desc: DescMessage): Check[] =>
  rangesIn(desc).map(({ start, end }) => (message, path, found) => {
    if (isBefore(message[end.localName], message[start.localName])) {
      found.push({ field: path + end.name, description: "must not be before the start of the range" });
    }
  });

function isBefore(end: unknown, start: unknown): boolean {
  if (!end || !start) return false;
  if (typeof end === "string") return end < (start as string);
  const [last, first] = [end as Timestamp, start as Timestamp];
  return last.seconds === first.seconds ? last.nanos < first.nanos : last.seconds < first.seconds;
}
