import type { MedConnect } from "../gen/medconnect.ts";
import type { Prompter } from "./prompter.ts";
import type { CommandField, RpcCommand } from "./rpc-command.ts";

/** A command of the CLI. */
export interface Command {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly description: string;
  /** Shape of the answer of an RPC. */
  readonly answers?: RpcCommand["answers"];
  readonly fields: readonly CommandField[];
  run(context: Context): Promise<void>;
}

/** A command line that is carried out. */
export interface Context {
  /** Values of the command's fields, by name. Required secrets may be missing. */
  values: Record<string, unknown>;
  options: Options;
  /** URL of the API. */
  server: string;
  /** Throws UsageError if the credentials of the environment are incomplete. */
  readonly client: MedConnect;
  prompter: Prompter;
  signal: AbortSignal;
}

export const OUTPUTS = ["table", "json", "ndjson"] as const;
export type Output = (typeof OUTPUTS)[number];

/** Options that all commands have. */
export interface Options {
  output: Output;
  server?: string | undefined;
  /** File with the request as JSON; "-" for standard input. */
  input?: string | undefined;
  /** True to read all pages of a list. */
  all: boolean;
  idempotencyKey?: string | undefined;
}
