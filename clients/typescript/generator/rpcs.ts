import type { DescMessage } from "@bufbuild/protobuf";
import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Idempotency as Idempotency,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type Api, type Operation, referred } from "./operations.ts";
import { answerType, namesUsed, requestNameOf } from "./types.ts";
import { docstring, typeOf } from "./typescript.ts";

/** Shape of an RPC's answer, as the client gives it to its caller. */
type Shape =
  | { kind: "single" }
  /** One page of a list. */
  | { kind: "list"; items: string; item: string }
  /** Lines of JSON. */
  | { kind: "lines"; item: string };

/** Source code of the table of RPCs: one constant each, so that bundlers leave out those that are not used. */
export function rpcsSource(api: Api, types: string): string {
  const constants = api.operations.map((operation) => {
    const doc = docstringOf(operation);
    return `${doc}export const ${operation.id}: ${rpcType(operation, api)} = ${JSON.stringify(entryOf(operation, api))};\n`;
  });
  const source = constants.join("\n");
  const rpcTypes = ["LinesRpc", "ListRpc", "Rpc"].filter((name) => source.includes(`${name}<`));
  return [
    `import type { ${rpcTypes.join(", ")} } from "../rpc.ts";`,
    `import type { ${namesUsed(source, types).join(", ")} } from "./types.ts";\n`,
    source,
  ].join("\n");
}

/** Source code of the class with a method for each RPC. */
export function clientSource(api: Api, types: string): string {
  const methods = api.operations.map((operation) => {
    const { verb, returns } = methodOf(operation, api);
    const isOptional = operation.fields.every(({ required }) => !required);
    const request = `request: ${requestNameOf(operation)}${isOptional ? " = {}" : ""}`;
    return `${docstringOf(operation)}${operation.id}(${request}, options?: CallOptions): ${returns} {
  return this.${verb}(rpcs.${operation.id}, request, options);
}\n`;
  });
  const source = methods.join("\n");
  return [
    'import type { Call, Lines, Pages } from "../call.ts";',
    'import { Client } from "../client.ts";',
    'import type { CallOptions } from "../rpc.ts";',
    'import * as rpcs from "./rpcs.ts";',
    `import type { ${namesUsed(source, types).join(", ")} } from "./types.ts";\n`,
    docstring("Client with a method for each RPC.") +
      `export class MedConnect extends Client {\n${source}}\n`,
  ].join("\n");
}

const docstringOf = ({ summary, description, sunset }: Operation): string =>
  docstring(`${summary}.`, description, sunset === undefined ? "" : `@deprecated Ends on ${sunset}.`);

function rpcType(operation: Operation, api: Api): string {
  const shape = shapeOf(operation, api);
  const types = `${requestNameOf(operation)}, ${answerType(operation)}`;
  switch (shape.kind) {
    case "list":
      return `ListRpc<${types}, ${shape.item}>`;
    case "lines":
      return `LinesRpc<${requestNameOf(operation)}, ${shape.item}>`;
    case "single":
      return `Rpc<${types}>`;
  }
}

function methodOf(operation: Operation, api: Api): { verb: string; returns: string } {
  const shape = shapeOf(operation, api);
  switch (shape.kind) {
    case "list":
      return { verb: "list", returns: `Pages<${answerType(operation)}, ${shape.item}>` };
    case "lines":
      return { verb: "lines", returns: `Lines<${shape.item}>` };
    case "single":
      return { verb: "call", returns: `Call<${answerType(operation)}>` };
  }
}

/** True if the message has the tokens of a session. */
const areTokens = ({ fields }: DescMessage): boolean =>
  ["accessToken", "refreshToken"].every((name) => fields.some(({ jsonName }) => jsonName === name));

/** The facts about an RPC that the client needs at run time. Absent ones have their usual value. */
function entryOf(operation: Operation, api: Api): object {
  const { route, fields, encoding } = operation;
  const { method, binding, httpMethod, path } = route;
  const { access, idempotency, audit } = method.rules;
  const headers = fields.filter((each) => each.in === "header").map(({ name }) => name);
  const shape = shapeOf(operation, api);
  const opensSession =
    areTokens(method.output) || method.output.fields.some(({ message }) => message && areTokens(message));
  return {
    route: `${httpMethod} ${path}`,
    ...(binding.body !== "" && { body: binding.body === "*" ? "*" : binding.body.jsonName }),
    ...(binding.body !== "" && encoding !== "json" && { encoding }),
    ...(headers.length > 0 && { headers }),
    ...(access === Access.PUBLIC && { isPublic: true }),
    ...(idempotency !== Idempotency.IDEMPOTENCY_UNSPECIFIED && {
      takesKey: idempotency === Idempotency.OWN ? "own" : true,
    }),
    ...(shape.kind === "list" && { items: shape.items }),
    ...((operation.answer.kind === "lines" || operation.answer.kind === "document") && { isText: true }),
    ...(opensSession && { session: "opens" }),
    // The access token says that the caller has no second factor yet.
    ...(audit === "mfa.activate" && { session: "changes" }),
    ...(audit === "session.logout" && { session: "ends" }),
  };
}

/**
 * A list has a page token and one array. The lines of an export are the items of the list of the same name:
 * those of `exportAuditEvents` are those of `listAuditEvents`.
 */
export function shapeOf({ id, answer }: Operation, api: Api): Shape {
  if (answer.kind === "lines") {
    const list = api.operations.find((other) => other.id === id.replace(/^export/, "list"));
    const shape = list && list.id !== id ? shapeOf(list, api) : undefined;
    if (shape?.kind !== "list") throw new Error(`no list has the items of ${id}`);
    return { kind: "lines", item: shape.item };
  }
  if (answer.kind !== "json" || !answer.schema.$ref) return { kind: "single" };
  const { properties = {} } = referred(api.schemas, answer.schema.$ref) as {
    properties?: Record<string, Schema>;
  };
  const arrays = Object.entries(properties).filter(([, schema]) => schema.type === "array");
  const [array] = arrays;
  if (!("nextPageToken" in properties) || !array || arrays.length > 1) return { kind: "single" };
  const [items, schema] = array;
  return { kind: "list", items, item: typeOf(schema.items as Schema, "answer") };
}
