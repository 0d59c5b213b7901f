/** A field that breaks a rule. `field` is the path as the proto spells it: `slots[2].end_time`. */
export interface FieldViolation {
  field: string;
  description: string;
}

/** Maximum number of violations, including the one that says that there are more. */
export const MAX_VIOLATIONS = 50;

/** Maximum length in UTF-16 units. Clients choose the names of unknown fields and of update masks. */
const MAX_FIELD_LENGTH = 100;
const MAX_DESCRIPTION_LENGTH = 300;

/**
 * Maximum bytes of all violations as JSON. A whole problem then fits into 8 KiB. So does a gRPC trailer, which many clients
 * limit to 8 KiB and base64 makes a third larger.
 */
const MAX_BYTES = 4500;

/** Last of the violations if there are more. Without their number: a reader may stop early, as each check costs time. */
const MORE: FieldViolation = { field: "", description: "There are more violations than this answer lists." };

/** The first violations that fit into an answer, and `MORE` for the others. Otherwise an answer could be larger than its request. */
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
