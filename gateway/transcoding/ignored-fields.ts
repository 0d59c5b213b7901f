import { type DescMessage, equals, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import type { Answer } from "../http/answer.ts";

export const IGNORED_FIELDS_HEADER = "x-ignored-fields";

/** Output-only fields that a client sent with a resource, and that were left out of the request (AIP-203). */
export interface IgnoredFields {
  readonly resource: DescMessage;
  readonly sent: JsonObject;
}

/**
 * Names the ignored fields in a header of the answer, if their values differ from those of the resource. A
 * client that sends a resource back as it read it gets no header.
 */
export function nameIgnoredFields(answer: Answer, { resource, sent }: IgnoredFields): void {
  const current = JSON.parse(answer.body.toString()) as JsonObject;
  const names = Object.keys(sent).filter((name) => !isSame(resource, name, sent[name], current[name]));
  if (names.length > 0) answer.headers[IGNORED_FIELDS_HEADER] = names.join(", ");
}

/** Compares two values of a field by their meaning: 09:00:00.000Z is 09:00:00Z. An invalid value differs. */
function isSame(resource: DescMessage, name: string, sent?: JsonValue, current?: JsonValue): boolean {
  const withValue = (value: JsonValue = null) => fromJson(resource, { [name]: value });
  try {
    return equals(resource, withValue(sent), withValue(current));
  } catch {
    return false;
  }
}
