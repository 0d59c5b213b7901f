import { commands } from "../gen/commands.ts";
import * as rpcs from "../gen/rpcs.ts";
import type { Rpc } from "../rpc.ts";
import { written } from "./parse-arguments.ts";
import type { CommandField } from "./rpc-command.ts";

/** The names that a text of the API may have in backticks. */
export interface Terms {
  /** Fields of the command. */
  fields: readonly CommandField[];
  /** Facts about an error. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * A text of the API in the terms of the command line: `slotId` becomes --slot-id, `createBooking` and
 * `email:verify` become commands, `Idempotency-Key` becomes a flag, and `metadata.limit` gets its value.
 */
export const inTerms = (text: string, terms: Terms): string =>
  text.replaceAll(/`([^`]+)`/g, (quoted, name: string) => termFor(name, terms) ?? quoted);

function termFor(name: string, { fields, metadata = {} }: Terms): string | undefined {
  const field = fields.find((each) => each.name === name);
  if (field) return field.isSecret ? name : written(field);
  const fact = name.replace(/^metadata\./, "");
  if (metadata[fact] !== undefined) return `${fact} (${metadata[fact]})`;
  return commandFor(name, fields) ?? optionFor(name);
}

/** The command of an RPC. A text names it, or the end of its path, such as "email:verify" or ":cancel". */
function commandFor(name: string, fields: readonly CommandField[]): string | undefined {
  const end = name.startsWith(":") ? name : `/${name}`;
  const found = name.includes(":")
    ? commands.filter(({ rpc }) => routeOf(rpc).endsWith(end))
    : commands.filter(({ rpc }) => rpc === name);
  const command = found.length > 1 ? found.find(({ rpc }) => fill(fields, routeOf(rpc))) : found[0];
  return command && `medconnect ${command.name}`;
}

const routeOf = (rpc: string): string =>
  (rpcs as unknown as Record<string, Rpc<never, unknown>>)[rpc]?.route ?? "";

/** True if these fields fill the path of a route, so that the route is about the same resource. */
const fill = (fields: readonly CommandField[], route: string): boolean =>
  [...route.matchAll(/\{(\w+)\}/g)].every(([, variable]) => fields.some(({ name }) => name === variable));

/** The option of all commands that stands for a header. */
export const optionFor = (header: string): string | undefined =>
  header === "Idempotency-Key" ? "--idempotency-key" : undefined;
