import { getOption } from "@bufbuild/protobuf";
import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import { Text_Kind, text as textOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { CommandField, RpcCommand } from "../src/cli/rpc-command.ts";
import { columnsOf } from "./columns.ts";
import { type Api, type Field, nameIn, type Operation, referred } from "./operations.ts";
import { shapeOf } from "./rpcs.ts";

/** Source code of the table of the CLI's commands, one for each RPC. */
export function commandsSource(api: Api): string {
  const commands = api.operations.map((operation) => commandOf(operation, api));
  return `import type { RpcCommand } from "../cli/rpc-command.ts";

/** The commands that call an RPC. */
export const commands: readonly RpcCommand[] = ${JSON.stringify(commands)};
`;
}

function commandOf(operation: Operation, api: Api): RpcCommand {
  const { id, group, summary, description, sunset, fields, route, encoding } = operation;
  const { body } = route.binding;
  const shape = shapeOf(operation, api);
  const resource = typeof body === "object" && encoding !== "raw" ? body.jsonName : undefined;
  return {
    name: kebabCase(id),
    rpc: id,
    group,
    summary,
    description: sunset === undefined ? description : `Deprecated, ends on ${sunset}. ${description}`,
    answers: shape.kind,
    ...(shape.kind === "list" && { columns: columnsOf(operation, shape.items, api) }),
    ...(resource && { resource }),
    fields: fields
      .flatMap((field) =>
        field.name === resource ? fieldsOfResource(field, api) : [commandField(field, api)],
      )
      // The fields of the resource are flags, so it has no name on the command line.
      .map((field) => ({ ...field, help: field.help.replaceAll(`\`${resource}\``, "the command line") })),
  };
}

/** The fields of a resource that is the body, such as those of the doctor in an update of a doctor. */
function fieldsOfResource({ schema, desc }: Field, api: Api): CommandField[] {
  const { properties = {} } = referred(api.schemas, schema.$ref) as { properties?: Record<string, Schema> };
  return Object.entries(properties)
    .filter(([, property]) => property.readOnly !== true)
    .map(([name, property]) => ({
      ...commandField(
        {
          name,
          in: "body",
          required: false,
          description: String(property.description ?? ""),
          schema: property,
          desc: desc?.message?.fields.find(({ jsonName }) => jsonName === name),
        },
        api,
      ),
      ofResource: true,
    }));
}

/** Help for a field that the CLI shows in its own way. */
const OWN_HELP: Readonly<Record<string, string>> = {
  pageToken: "Token of the page, which the page before it shows. --all reads all pages.",
};

function commandField(field: Field, api: Api): CommandField {
  const { name, required, description, schema, desc } = field;
  const isSecret =
    desc?.proto.options?.debugRedact === true && getOption(desc, textOption) === Text_Kind.VERBATIM;
  return {
    name,
    flag: kebabCase(name),
    help: OWN_HELP[name] ?? description,
    ...kindOf(schema, api),
    ...(required && { required }),
    ...(field.in === "path" && { isArgument: true }),
    ...(isSecret && { isSecret }),
  };
}

function kindOf(schema: Schema, api: Api): Pick<CommandField, "kind" | "isList" | "values"> {
  const { $ref, type, enum: values } = schema;
  if ($ref && nameIn($ref) in api.schemas) return kindOf(referred(api.schemas, $ref), api);
  if (Array.isArray(values)) return { kind: "text", values: values.map(String) };
  if (type === "array") {
    const item = kindOf(schema.items as Schema, api);
    return item.kind === "json" ? { kind: "json" } : { ...item, isList: true };
  }
  if (type === "boolean") return { kind: "flag" };
  if (type === "integer" || type === "number") return { kind: "number" };
  return { kind: type === "string" ? "text" : "json" };
}

const kebabCase = (name: string): string =>
  name
    .replaceAll("_", "-")
    .replaceAll(/(?<!^|-)[A-Z]/g, "-$&")
    .toLowerCase();
