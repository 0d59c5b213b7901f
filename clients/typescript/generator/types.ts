import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import { type Api, nameIn, type Operation } from "./operations.ts";
import { docstring, field, typeOf } from "./typescript.ts";

/** Schemas of which the client has its own class, or of which a request's type has the fields. */
const isOwn = (name: string, { operations }: Api): boolean =>
  name === "Problem" ||
  operations.some(({ route, id }) => route.binding.body === "*" && name === bodyNameOf(id));

/** The name of an RPC's own type: `CreateBookingRequest`. */
export const requestNameOf = ({ id }: Operation): string => `${capitalized(id)}Request`;

const bodyNameOf = (id: string): string => `${capitalized(id)}Body`;
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Source code of the types of requests, answers and error reasons. */
export function typesSource(api: Api): string {
  const schemas = Object.entries(api.schemas).filter(([name]) => !isOwn(name, api));
  return [
    ...schemas.map(([name, schema]) => {
      const direction = /(Input|Body)$/.test(name) ? "request" : "answer";
      return `${docstring(String(schema.description ?? ""))}export type ${name} = ${typeOf(schema, direction)};\n`;
    }),
    ...api.operations.map(requestType),
    reasonType(),
  ].join("\n");
}

function requestType(operation: Operation): string {
  const fields = operation.fields.map((each) => field(each, "request"));
  const type = fields.length === 0 ? "Record<string, never>" : `{\n${fields.join("")}}`;
  const doc = docstring(`Request of \`${operation.id}\`: ${operation.summary}.`);
  return `${doc}export type ${requestNameOf(operation)} = ${type};\n`;
}

function reasonType(): string {
  const reasons = [...catalogue.values()].map(({ reason, title }) => `- \`${reason}\`: ${title}`);
  const names = [...catalogue.keys()].map((reason) => `\n  | "${reason}"`).join("");
  return `${docstring(`Reason of a refused or failed call:\n\n${reasons.join("\n")}`)}export type Reason =${names};\n`;
}

/** The type of an RPC's answer. */
export function answerType({ answer }: Operation): string {
  switch (answer.kind) {
    case "json":
      return typeOf(answer.schema, "answer") + (answer.maybeLater ? " | undefined" : "");
    case "nothing":
      return "undefined";
    default:
      return "string";
  }
}

/** Names of the types of this module that a source uses. */
export function namesUsed(source: string, types: string): string[] {
  const declared = [...types.matchAll(/^export type (\w+)/gm)].map(([, name]) => nameIn(name));
  return declared.filter((name) => new RegExp(`\\b${name}\\b`).test(source)).sort();
}
