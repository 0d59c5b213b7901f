import { commands } from "../gen/commands.ts";
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
 * A text of the API in the terms of the command line: `slotId` becomes --slot-id, `createBooking`
 * becomes a command, `Idempotency-Key` becomes a flag, and `metadata.limit` gets its value.
 */
export const inTerms = (text: string, terms: Terms): string =>
  text.replaceAll(/`([^`]+)`/g, (quoted, name: string) => termFor(name, terms) ?? quoted);

function termFor(name: string, { fields, metadata = {} }: Terms): string | undefined {
  const field = fields.find((each) => each.name === name);
  if (field) return field.isSecret ? name : written(field);
  const fact = name.replace(/^metadata\./, "");
  if (metadata[fact] !== undefined) return `${fact} (${metadata[fact]})`;
  return commandFor(name) ?? optionFor(name);
}

function commandFor(rpc: string): string | undefined {
  const command = commands.find((each) => each.rpc === rpc);
  return command && `medconnect ${command.name}`;
}

/** The option of all commands that stands for a header. */
export const optionFor = (header: string): string | undefined =>
  header === "Idempotency-Key" ? "--idempotency-key" : undefined;
