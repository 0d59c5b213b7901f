import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import { operationIdOf } from "@medconnect/gateway/openapi/operation.ts";
import type { Route } from "@medconnect/gateway/rpc/routes.ts";

/** A field of a request. `in` tells which part of the HTTP request it fills. */
export interface Field {
  name: string;
  in: "path" | "query" | "header" | "body";
  required: boolean;
  description: string;
  schema: Schema;
  /** Absent for a header that is one of several for a field. */
  desc: DescField | undefined;
}

/** Answer of a successful call: JSON of a schema, lines of JSON, a document, or nothing. */
export type Answer =
  | { kind: "json"; schema: Schema; maybeLater: boolean }
  | { kind: "lines" }
  | { kind: "document" }
  | { kind: "nothing" };

/** An RPC as the OpenAPI document describes it, with the route that it comes from. */
export interface Operation {
  id: string;
  route: Route;
  summary: string;
  description: string;
  /** End of a deprecated RPC (RFC 8594), as a date; undefined for others. */
  sunset: string | undefined;
  group: string;
  fields: Field[];
  encoding: "json" | "form" | "raw";
  answer: Answer;
}

/** The API, in terms of its OpenAPI document. */
export interface Api {
  operations: Operation[];
  /** Schemas of messages and enums, by name. */
  schemas: Record<string, Schema>;
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema: Schema;
}

type Content = Record<string, { schema: Schema }>;

interface DocumentOperation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  deprecated?: boolean;
  "x-sunset"?: string;
  parameters: (Parameter | { $ref: string })[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

interface Document {
  paths: Record<string, Record<string, DocumentOperation>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
}

/** Headers that the client fills itself. */
const OWN_HEADERS = new Set(["Idempotency-Key", "If-Match", "If-None-Match"]);
const ENCODINGS: Record<string, Operation["encoding"]> = {
  "application/json": "json",
  "application/x-www-form-urlencoded": "form",
};

/** Schema of a body that is sent as it is. */
const RAW: Schema = { type: "string", format: "binary" };

/** Reads the OpenAPI document of these routes. Throws for a shape that the client cannot call. */
export function readApi(routes: readonly Route[]): Api {
  const document = openApiDocument(routes, "https://api.example.org") as unknown as Document;
  const described = new Map(
    Object.values(document.paths)
      .flatMap((path) => Object.values(path))
      .map((operation) => [operation.operationId, operation]),
  );
  const operations = routes.map((route) => {
    const id = operationIdOf(route.method);
    const operation = described.get(id);
    if (!operation) throw new Error(`the OpenAPI document lacks ${id}`);
    return readOperation(route, operation, document);
  });
  return { operations, schemas: document.components.schemas };
}

function readOperation(route: Route, operation: DocumentOperation, document: Document): Operation {
  const { operationId: id, summary, description = "", tags } = operation;
  const [mediaType = "application/json"] = Object.keys(operation.requestBody?.content ?? {});
  return {
    id,
    route,
    summary,
    description,
    sunset: operation.deprecated ? (operation["x-sunset"] ?? "") : undefined,
    group: tags[0] ?? "",
    fields: [...parametersOf(route, operation, document), ...bodyFieldsOf(route, operation, document)],
    encoding: ENCODINGS[mediaType] ?? "raw",
    answer: answerOf(operation),
  };
}

function parametersOf({ method }: Route, operation: DocumentOperation, { components }: Document): Field[] {
  return operation.parameters
    .map((parameter) => ("$ref" in parameter ? referred(components.parameters, parameter.$ref) : parameter))
    .filter(({ name }) => !OWN_HEADERS.has(name))
    .map(({ name, in: place, required = false, description = "", schema }) => {
      if (place === "path" && name.includes("."))
        throw new Error(`${operation.operationId}: ${name} is nested`);
      const desc = fieldNamed(method.input, name);
      return { name, in: place, required, description, schema, desc };
    });
}

/** The fields of a body. If one message fills the body, it is one field. */
function bodyFieldsOf(
  { method, binding }: Route,
  { requestBody }: DocumentOperation,
  { components }: Document,
): Field[] {
  const [content] = Object.values(requestBody?.content ?? {});
  if (!content || binding.body === "") return [];
  if (binding.body !== "*") {
    const { jsonName: name } = binding.body;
    const schema = binding.takesRawBody ? RAW : content.schema;
    return [{ name, in: "body", required: true, description: "", schema, desc: binding.body }];
  }
  const body = "$ref" in content.schema ? referred(components.schemas, content.schema.$ref) : content.schema;
  const required = (body.required ?? []) as string[];
  return Object.entries((body.properties ?? {}) as Record<string, Schema>).map(([name, schema]) => ({
    name,
    in: "body",
    required: required.includes(name),
    description: String(schema.description ?? ""),
    schema,
    desc: fieldNamed(method.input, name),
  }));
}

/** The field with a JSON name, or with the name in the proto, which forms have. */
const fieldNamed = ({ fields }: DescMessage, name: string): DescField | undefined =>
  fields.find((field) => field.jsonName === name || field.name === name);

function answerOf({ responses }: DocumentOperation): Answer {
  const content = (responses[200] ?? responses[201])?.content;
  if (!content) return { kind: "nothing" };
  const [[mediaType, { schema }] = ["", { schema: {} }]] = Object.entries(content);
  if (/[/+]json$/.test(mediaType)) return { kind: "json", schema, maybeLater: "202" in responses };
  return { kind: mediaType === "application/x-ndjson" ? "lines" : "document" };
}

/** The component to which a reference of the document points. Throws if it is missing. */
export function referred<Component>(components: Record<string, Component>, reference: unknown): Component {
  const component = components[nameIn(reference)];
  if (!component) throw new Error(`the OpenAPI document lacks ${reference}`);
  return component;
}

export const nameIn = (reference: unknown): string => String(reference).split("/").at(-1) ?? "";
