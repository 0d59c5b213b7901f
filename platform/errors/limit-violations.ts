import { withEscapes } from "./shown.ts";

/** An invalid field. `field` is its path with the names of the proto, such as `slots[2].end_time`. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** Maximum number of violations in an answer, including `MORE`. */
export const MAX_VIOLATIONS = 50;

/**
 * Maximum length of a field's path in UTF-16 units. A client may send unknown fields and update masks with
 * names of any length.
 */
export const MAX_FIELD_LENGTH = 100;
/** Maximum length of a description in UTF-16 units. */
export const MAX_DESCRIPTION_LENGTH = 300;

/**
 * Maximum length of the summary in UTF-16 units. A gRPC trailer has the summary twice: once in base64, and once
 * percent-encoded.
 */
const MAX_SUMMARY_LENGTH = 200;

/**
 * Maximum size of all violations as JSON, in bytes. This keeps the gateway's problem response and the gRPC
 * trailer below 8 KiB, because many clients refuse larger trailers. In the trailer, base64 adds a third.
 */
const MAX_BYTES = 3800;

/**
 * Last violation of a list that was cut. It does not tell how many violations are left out, because checks
 * may stop early to save time.
 */
const MORE: FieldViolation = { field: "", description: "There are more violations than this answer lists." };

/**
 * Cuts a list of violations, so that an answer is not much larger than its request. `MORE` replaces the
 * violations that are left out.
 */
export function limitViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let bytes = 0;
  for (const { field, description } of violations) {
    const short = {
      // A client may send an unknown field with any name.
      field: cut(withEscapes(field.slice(0, MAX_FIELD_LENGTH + 1)), MAX_FIELD_LENGTH),
      description: cut(description, MAX_DESCRIPTION_LENGTH),
    };
    bytes += Buffer.byteLength(JSON.stringify(short));
    const isLastPlace = kept.length === MAX_VIOLATIONS - 1 && violations.length > MAX_VIOLATIONS;
    if (bytes > MAX_BYTES || isLastPlace) return [...kept, MORE];
    kept.push(short);
  }
  return kept;
}

/** First violation in one line: "phone: must be E.164 such as +4930123456"; undefined without any. */
export function summaryOf(violations: readonly FieldViolation[]): string | undefined {
  const [first] = violations;
  if (!first) return undefined;
  const words = first.field === "" ? first.description : `${first.field}: ${first.description}`;
  if (violations.length === 1) return cut(words, MAX_SUMMARY_LENGTH);
  const count = violations.at(-1) === MORE ? "many" : violations.length;
  const ending = ` (first of ${count} mistakes)`;
  return cut(words, MAX_SUMMARY_LENGTH - ending.length) + ending;
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
