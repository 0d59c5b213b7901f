import { type DescEnum, type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import {
  type EnumRules,
  type FieldRules,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { MAX_PAGE_SIZE } from "@medconnect/platform/api/page-token.ts";
import { namesOf } from "@medconnect/platform/contract/describe-violation.ts";
import { enumRulesOf } from "@medconnect/platform/contract/field-rules.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  in_lists,
  Text_Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { rulesOf } from "../transcoding/validation-rules.ts";
import { DURATION, FIELD_MASK, MAX_FIELD_MASK_LENGTH } from "../transcoding/well-known-json.ts";
import { commentOn } from "./comments.ts";
import { exampleOf } from "./examples.ts";
import { boundsOf, constraintsOf, isRequired, messageRulesOf, notesOf, scalarSchema } from "./field-rules.ts";
import { ref, type Schema } from "./json-schema.ts";

/**
 * Use of a message. The use decides which fields the schema of the message requires:
 *
 * - answer: all fields but those declared `optional`, those of a oneof, and those that list items omit.
 * - request: fields that the validation rules require.
 * - form: as in a request. Unknown fields are ignored.
 * - patch: none.
 */
export type Direction = "answer" | "request" | "form" | "patch";

/** The schemas of one document, each created when it is first referred to. */
export class Schemas {
  readonly components: Record<string, Schema> = {};
  readonly #names = new Map<string, DescMessage | DescEnum>();

  /** Reference to the schema of a message in an answer, or of a message inside a request's body. */
  message(desc: DescMessage, direction: Direction): Schema {
    const known = WELL_KNOWN[desc.typeName];
    if (known) return known;
    const name = this.#nameOf(desc) + (direction === "answer" ? "" : "Input");
    if (!this.components[name]) {
      this.components[name] = {}; // Ends the recursion, because a message may contain itself.
      this.components[name] = this.#object(desc, desc.fields, direction, commentOn(desc));
    }
    return ref("schemas", name);
  }

  /** Reference to the schema of an answer. It has an example, unless it contains resources, which have theirs. */
  answer(desc: DescMessage): Schema {
    const reference = this.message(desc, "answer");
    const schema = this.components[this.#nameOf(desc)];
    const hasResources = desc.fields.some(
      (field) => field.message && (field.fieldKind === "list" || field.message.field.etag),
    );
    if (schema && !hasResources) schema.example = exampleOf(desc.fields);
    return reference;
  }

  /**
   * Reference to the schema of a request's body with these fields, and whether the body is required. The
   * schema does not repeat the description of the operation.
   */
  body(name: string, desc: DescMessage, fields: readonly DescField[], direction: Direction) {
    const schema = this.#object(desc, fields, direction, "");
    const component = fields.length === 0 && !("description" in schema) ? "EmptyBody" : name;
    this.components[component] = schema;
    return { schema: ref("schemas", component), required: "required" in schema };
  }

  #object(desc: DescMessage, fields: readonly DescField[], direction: Direction, comment: string): Schema {
    const description = [comment, ...messageRulesOf(desc)].join(" ").trim();
    const required = fields.filter((field) => isAlwaysPresent(field, direction));
    return {
      ...(description !== "" && { description }),
      ...(isChoice(desc)
        ? { oneOf: fields.map((field) => this.#fields([field], [field], direction)) }
        : this.#fields(fields, required, direction)),
      ...(direction === "request" && !isChoice(desc) && propertyCount(desc, fields, required)),
    };
  }

  #fields(fields: readonly DescField[], required: readonly DescField[], direction: Direction): Schema {
    return {
      type: "object",
      properties: Object.fromEntries(fields.map((field) => [field.jsonName, this.field(field, direction)])),
      ...(required.length > 0 && { required: required.map((field) => field.jsonName) }),
      ...((direction === "request" || direction === "patch") && { additionalProperties: false }),
    };
  }

  field(field: DescField, direction: Direction): Schema {
    const isReadOnly = behavesAs(field, FieldBehavior.OUTPUT_ONLY);
    const rules = rulesOf(field);
    return {
      ...this.#typeOf(field, isReadOnly ? "answer" : direction, rules),
      ...(direction !== "answer" && isRequiredText(field) && { minLength: 1 }),
      ...(direction === "answer" ? boundsOf(rules) : constraintsOf(rules)),
      ...(direction !== "answer" && getOption(field, textOption) === Text_Kind.DATE && { format: "date" }),
      // Requests may have read-only fields, but these are ignored and need no description there.
      ...((direction === "answer" || !isReadOnly) && { description: commentOn(field) + notesOf(rules) }),
      ...(isReadOnly && { readOnly: true }),
      ...(field.deprecated && { deprecated: true }),
    };
  }

  #typeOf(field: DescField, direction: Direction, rules: FieldRules | undefined): Schema {
    if (field.fieldKind === "list") {
      const itemRules = rules?.type.case === "repeated" ? rules.type.value.items : undefined;
      const ofItems = direction === "answer" ? boundsOf(itemRules) : constraintsOf(itemRules);
      const isPage = direction === "answer" && "nextPageToken" in field.parent.field;
      return {
        type: "array",
        ...(isPage && { maxItems: MAX_PAGE_SIZE }),
        items: { ...this.#valueOf(field, direction), ...ofItems },
      };
    }
    if (field.fieldKind === "map") {
      return { type: "object", additionalProperties: this.#valueOf(field, direction) };
    }
    return this.#valueOf(field, direction);
  }

  #valueOf(field: DescField, direction: Direction): Schema {
    if (field.message) return this.message(field.message, direction === "patch" ? "request" : direction);
    if (field.enum) return this.#enum(field.enum, direction === "answer" ? undefined : enumRulesOf(field));
    return scalarSchema(field.scalar);
  }

  /** Reference to an enum; for a field that takes only some of its values, a schema with these. */
  #enum(desc: DescEnum, rules: EnumRules | undefined): Schema {
    if (rules && rules.in.length > 0) return { type: "string", enum: namesOf(desc, rules) };
    const name = this.#nameOf(desc);
    const values = desc.values.filter((value) => value.number !== 0);
    this.components[name] ??= {
      type: "string",
      description: [
        commentOn(desc),
        ...values.map((value) => `\n- \`${value.name}\`: ${commentOn(value)}`),
      ].join(""),
      enum: values.map((value) => value.name),
    };
    return ref("schemas", name);
  }

  /** The type's name without its package and dots: `SlotStatus`. Throws if two types have the same name. */
  #nameOf(desc: DescMessage | DescEnum): string {
    const name = desc.typeName.slice(desc.file.proto.package.length + 1).replaceAll(".", "");
    const owner = this.#names.get(name) ?? desc;
    if (owner !== desc) throw new Error(`${owner.typeName} and ${desc.typeName} have the same name`);
    this.#names.set(name, desc);
    return name;
  }
}

const WELL_KNOWN: Record<string, Schema> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", maxLength: 24, pattern: DURATION.source },
  "google.protobuf.FieldMask": {
    type: "string",
    maxLength: MAX_FIELD_MASK_LENGTH,
    pattern: FIELD_MASK.source,
  },
};

/** True for a text that a resource must have, so that it cannot be empty (AIP-203). */
const isRequiredText = (field: DescField): boolean =>
  field.fieldKind === "scalar" &&
  field.scalar === ScalarType.STRING &&
  behavesAs(field, FieldBehavior.REQUIRED);

/** True if the message is a choice: it has exactly one of its fields. */
function isChoice(desc: DescMessage): boolean {
  const oneof = requiredOneof(desc);
  return oneof !== undefined && desc.fields.every((field) => field.oneof === oneof);
}

const requiredOneof = ({ oneofs }: DescMessage) =>
  oneofs.find((oneof) => getOption(oneof, oneofOption).required);

/**
 * Number of properties of a request that must have one field of a oneof beside its other fields. With `oneOf`,
 * many generators would drop the other fields.
 */
function propertyCount(
  desc: DescMessage,
  fields: readonly DescField[],
  required: readonly DescField[],
): Schema {
  const oneof = requiredOneof(desc);
  if (!oneof) return {};
  return { minProperties: required.length + 1, maxProperties: fields.length - oneof.fields.length + 1 };
}

function isAlwaysPresent(field: DescField, direction: Direction): boolean {
  switch (direction) {
    case "answer":
      if (getOption(field, in_lists).omitted) return false;
      return !field.proto.proto3Optional && !field.oneof;
    case "request":
    case "form":
      return isRequired(field) || behavesAs(field, FieldBehavior.REQUIRED);
    case "patch":
      return false;
  }
}
