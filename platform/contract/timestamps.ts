import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { FieldViolation } from "../errors/api-error.ts";

/** As far as a Timestamp goes (google/protobuf/timestamp.proto), and MySQL's DATETIME(3): in ms, which is how we keep times. */
const FIRST_MS = Date.parse("0001-01-01T00:00:00.000Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

const DESCRIPTION = "must be a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999Z";

/**
 * The times in a message that are none. Binary messages can hold any number of seconds, on which CEL rules throw; and a
 * Date, whose ms are rounded, makes year 10000 out of the last nanoseconds, which MySQL refuses.
 */
export function timestampViolations(schema: DescMessage, message: Message): FieldViolation[] {
  return holdsTimes(schema) ? violationsIn(reflect(schema, message), "") : [];
}

function violationsIn(message: ReflectMessage, path: string): FieldViolation[] {
  return message.fields.flatMap((field) => {
    const { message: type } = field;
    if (!type || !holdsTimes(type) || !message.isSet(field)) return [];
    const name = path + field.name;
    if (field.fieldKind === "list") {
      return [...message.get(field)].flatMap((item, index) =>
        check(item as ReflectMessage, `${name}[${index}]`),
      );
    }
    return field.fieldKind === "message" ? check(message.get(field), name) : [];
  });
}

function check(value: ReflectMessage, path: string): FieldViolation[] {
  if (value.desc.typeName !== TimestampSchema.typeName) return violationsIn(value, `${path}.`);
  const { seconds, nanos } = value.message as Timestamp;
  const ms = Number(seconds) * 1000 + nanos / 1_000_000;
  const isTime = nanos >= 0 && nanos < 1_000_000_000 && ms >= FIRST_MS && ms <= LAST_MS;
  return isTime ? [] : [{ field: path, description: DESCRIPTION }];
}

const known = new Map<DescMessage, boolean>();

/** Whether a message is, or may hold, a Timestamp. */
function holdsTimes(schema: DescMessage): boolean {
  const answer = known.get(schema);
  if (answer !== undefined) return answer;
  // What a message holds by way of itself adds nothing.
  known.set(schema, false);
  const inner = (field: DescField) => field.message !== undefined && holdsTimes(field.message);
  const holds = schema.typeName === TimestampSchema.typeName || schema.fields.some(inner);
  known.set(schema, holds);
  return holds;
}
