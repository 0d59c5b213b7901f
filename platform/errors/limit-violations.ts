import type { FieldViolation } from "./api-error.ts";

/** Violations that one error has, the number of those left out among them. */
export const MAX_VIOLATIONS = 50;

/** In UTF-16 units. Clients choose the names of unknown fields and of update masks. */
const MAX_FIELD_LENGTH = 100;
const MAX_DESCRIPTION_LENGTH = 300;

/**
 * Bytes of all violations as JSON. The rest of a problem fits beside them into 8 KiB, and so do they as a trailer of
 * gRPC, which many clients limit to 8 KiB: base64 adds a third.
 */
const MAX_BYTES = 4500;

/** The first violations, as many as an answer can hold, and how many others there are: bad input must not be answered with more than it sent. */
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
    if (bytes > MAX_BYTES || isLastPlace)
      return [...kept, { field: "", description: `${violations.length - kept.length} more` }];
    kept.push(short);
  }
  return kept;
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
