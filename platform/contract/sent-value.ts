import { type DescField, getOption } from "@bufbuild/protobuf";
import {
  headers as headersOption,
  Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { didYouMean } from "../errors/did-you-mean.ts";
import { shown } from "../errors/shown.ts";

/**
 * The end of a message that shows the value that a field got, and perhaps a hint: `; got "patient"; did you
 * mean PATIENT?`. Empty for values that must not be repeated (`isShowable`), and for messages and lists.
 *
 * @param allowed values that the field takes, if they are few
 */
export function sentValue(field: DescField, value: unknown, allowed: readonly string[] = []): string {
  if (!isShowable(field) || value === undefined || typeof value === "object") return "";
  if (typeof value !== "string") return `; got ${shown(value)}`;
  return `; got ${shown(value)}${didYouMean(value, allowed)}${hintAt(value)}`;
}

/**
 * True if an error message may repeat the values of a field. False for fields marked `debug_redact`, and for
 * texts that may be credentials: those used unchanged (VERBATIM), and those from headers. False for texts of
 * several lines, which say nothing about a mistake.
 */
const isShowable = (field: DescField): boolean =>
  !field.proto.options?.debugRedact &&
  getOption(field, textOption) !== Kind.VERBATIM &&
  getOption(field, textOption) !== Kind.TEXT &&
  getOption(field, headersOption).length === 0;

/** Hint for a text that a program has built from a missing value or from a template. */
function hintAt(value: string): string {
  if (/^(?:undefined|null|NaN|None|nil|\[object Object\])$/.test(value))
    return "; the program that built the request had no value here";
  return /^(?:\{.*\}|:[a-z]\w*|<.*>|\$\{.*\})$/is.test(value)
    ? "; put a value in place of the placeholder"
    : "";
}
