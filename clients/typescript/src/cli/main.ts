#!/usr/bin/env node
// The command line of MedConnect: `medconnect --help`.
import type { MedConnect } from "../gen/medconnect.ts";
import { version } from "../gen/version.ts";
import type { Command } from "./command.ts";
import { commandNamed, commands } from "./commands.ts";
import { complete } from "./completion.ts";
import { serverOf } from "./config.ts";
import { connect } from "./connect.ts";
import { commandHelp, overview } from "./help.ts";
import { parseArguments, splitCommand, wantsHelp } from "./parse-arguments.ts";
import { Prompter } from "./prompter.ts";
import { type Failed, reportError } from "./report-error.ts";
import { ReportedFailure } from "./reported-failure.ts";
import { note, print } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

const INTERRUPTED = 130;
const NO_COMMAND: Pick<Command, "fields"> = {
  fields: [{ name: "version", flag: "version", help: "Prints the version.", kind: "flag" }],
};

/** Carries out a command line. @returns the exit code */
async function main(words: string[], signal: AbortSignal): Promise<number> {
  if (words[0] === "__complete") return show(complete(commands, words.slice(1)).join("\n"));
  const first = splitCommand(words);
  const isHelp = first.name === "help";
  const { name, args } = isHelp ? splitCommand(first.args) : first;
  const failed: Failed = {};
  try {
    if (name === undefined) return show(isHelp ? overview() : answerWithoutCommand(args));
    failed.command = commandNamed(name);
    if (isHelp || wantsHelp(failed.command, args)) return show(commandHelp(failed.command));
    await run(failed.command, args, signal, failed);
    return 0;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    if (error instanceof ReportedFailure) return error.exitCode;
    note(reportError(error, failed));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The answer to options without a command. Throws UsageError. */
function answerWithoutCommand(args: string[]): string {
  const { values } = parseArguments(NO_COMMAND, args);
  if (values.version === true) return version;
  if (args.length === 0 || wantsHelp(NO_COMMAND, args)) return overview();
  throw new UsageError("COMMAND is missing.");
}

/** @param failed gets the server */
async function run(command: Command, args: string[], signal: AbortSignal, failed: Failed): Promise<void> {
  const { values, options } = parseArguments(command, args);
  const server = await serverOf(options.server);
  failed.server = server;
  const prompter = new Prompter(() => interrupted.abort());
  let client: MedConnect | undefined;
  await command.run({
    values,
    options,
    server,
    // Made on demand, because commands that call no RPC need no credentials.
    get client() {
      client ??= connect(server, options);
      return client;
    },
    prompter,
    signal,
  });
}

function show(text: string): number {
  if (text !== "") print(text.split("\n"));
  return 0;
}

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
// A reader that wants no more, such as `head`, ends the command.
process.stdout.on("error", () => process.exit());

process.exit(await main(process.argv.slice(2), interrupted.signal));
