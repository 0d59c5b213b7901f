import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { FieldBehavior, field_behavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";

/** The resource of a Create or Update request (AIP-133, AIP-134). */
export interface Resource {
  /** Field of the request that holds the resource. */
  readonly field: MessageField;
  readonly outputOnly: readonly DescField[];
}
type MessageField = Extract<DescField, { fieldKind: "message" }>;

/** True if a field is marked with a behaviour, such as OUTPUT_ONLY (AIP-203). */
export function behavesAs(field: DescField, behavior: FieldBehavior): boolean {
  return hasOption(field, field_behavior) && getOption(field, field_behavior).includes(behavior);
}

/** Resources by request; undefined for a request without one. */
const resources = new Map<DescMessage, Resource | undefined>();

/** The resource in a request; undefined for a request that creates or updates none. */
export function resourceOf(schema: DescMessage): Resource | undefined {
  if (!resources.has(schema)) resources.set(schema, findResource(schema));
  return resources.get(schema);
}

function findResource(schema: DescMessage): Resource | undefined {
  if (!/^(Create|Update)/.test(schema.name)) return undefined;
  const field = schema.fields
    .filter((each) => each.fieldKind === "message")
    .find(({ message }) => message.fields.some((inner) => hasOption(inner, field_behavior)));
  if (!field) return undefined;
  const outputOnly = field.message.fields.filter((inner) => behavesAs(inner, FieldBehavior.OUTPUT_ONLY));
  return { field, outputOnly };
}
