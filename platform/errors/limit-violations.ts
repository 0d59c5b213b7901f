/** A field that violates a rule. `field` is its path in the proto's spelling: `slots[2].end_time`. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** Maximum of violations, including `MORE`. */
export const MAX_VIOLATIONS = 50;

/** Maximum lengths in UTF-16 units. Clients choose the names of unknown fields and of update masks. */
const MAX_FIELD_LENGTH = 100;
const MAX_DESCRIPTION_LENGTH = 300;

/**
 * Maximum of bytes of all violations as JSON. A whole problem then fits into 8 KiB, and so does a gRPC
 * trailer: many clients limit trailers to 8 KiB, and base64 adds a third.
 */
const MAX_BYTES = 4500;

/** Last violation if there are more. Without their number, because checks may stop early to save time. */
const MORE: FieldViolation = { field: "", description: "There are more violations than this answer lists." };

/** First violations, with `MORE` for the others, so that an answer is not much larger than its request. */
export function limitViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  const kept: FieldViolation[] = [];
  let bytes = 0;
  for (const { field, description } of violations) {
    const short = {
      field: cut(field, MAX_FIELD_LENGTH),
      description: cut(description, MAX_DESCRIPTION_LENGTH),
    };
    bytes += Buffer.byteLength(JSON.stringify(short));
    const isLastPlace = kept.length === MAX_VIOLATIONS - 1 && violations.length > MAX_VIOLATIONS;
    if (bytes > MAX_BYTES || isLastPlace) return [...kept, MORE];
    kept.push(short);
  }
  return kept;
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
