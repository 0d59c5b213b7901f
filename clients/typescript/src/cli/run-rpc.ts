import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import * as rpcs from "../gen/rpcs.ts";
import type { LinesRpc, ListRpc, Rpc } from "../rpc.ts";
import { closest } from "./closest.ts";
import type { Context } from "./command.ts";
import { placeOfError } from "./json-error.ts";
import { write, writeItem, writePage } from "./output.ts";
import { refuseMissing } from "./parse-arguments.ts";
import type { CommandField, RpcCommand } from "./rpc-command.ts";
import { UsageError } from "./usage-error.ts";

type Fields = Record<string, unknown>;

/** The RPCs by name. */
const RPCS = new Map<string, Rpc<never, unknown>>(Object.entries(rpcs));

/** Makes the function that runs the command of an RPC. */
export function runRpc(command: RpcCommand): (context: Context) => Promise<void> {
  const rpc = RPCS.get(command.rpc) as Rpc<Fields, unknown>;
  return async (context) => {
    const { client, options, signal } = context;
    const request = await requestOf(command, context);
    const { output, idempotencyKey } = options;
    switch (command.answers) {
      case "list": {
        const list = rpc as ListRpc<Fields, Fields, Fields>;
        const pages = client.list(list, request, { signal });
        const form = { items: list.items, columns: command.columns ?? [], output };
        if (!options.all) return writePage(await pages, form);
        for await (const page of pages.pages()) writePage({ ...page, nextPageToken: "" }, form);
        return;
      }
      case "lines":
        for await (const item of client.lines(rpc as LinesRpc<Fields, unknown>, request, { signal })) {
          writeItem(item);
        }
        return;
      case "single":
        return write(await client.call(rpc, request, { signal, idempotencyKey }), output);
    }
  };
}

/** The request: the JSON of `--input`, the flags, and the secrets that are asked for. */
async function requestOf(command: RpcCommand, { values, options, prompter }: Context): Promise<Fields> {
  const { resource, fields } = command;
  const given = options.input === undefined ? {} : await readRequest(options.input, fields);
  const all: Fields = { ...given, ...values };
  refuseMissing(fields, all);
  for (const { name } of fields.filter(({ isSecret, required }) => isSecret && required)) {
    all[name] ??= await prompter.askSecret(`${name}: `);
  }
  if (resource === undefined) return all;
  const own = new Set(fields.filter(({ ofResource }) => ofResource).map(({ name }) => name));
  const [inResource, inRequest] = [true, false].map((isIn) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => own.has(name) === isIn)),
  );
  return { ...inRequest, [resource]: inResource };
}

/** Reads the JSON of `--input`. Throws UsageError for fields that the command does not have. */
async function readRequest(file: string, fields: readonly CommandField[]): Promise<Fields> {
  const json = file === "-" ? await text(process.stdin) : await readFile(file, "utf8").catch(unreadable);
  const request = parsed(json);
  const known = fields.map(({ name }) => name);
  const unknown = Object.keys(request).find((name) => !known.includes(name));
  if (unknown === undefined) return request;
  const meant = closest(unknown, known);
  throw new UsageError(
    `--input has an unknown field "${unknown}"; ${meant === undefined ? `it takes ${known.join(", ")}.` : `did you mean ${meant}?`}`,
  );
}

function parsed(json: string): Fields {
  let request: unknown;
  try {
    request = JSON.parse(json);
  } catch {
    throw new UsageError(`--input is no JSON: see ${placeOfError(json)}.`);
  }
  if (typeof request === "object" && request !== null && !Array.isArray(request)) return request as Fields;
  throw new UsageError("--input must be one object of JSON.");
}

function unreadable({ message }: Error): never {
  throw new UsageError(`--input cannot be read: ${message}`);
}
