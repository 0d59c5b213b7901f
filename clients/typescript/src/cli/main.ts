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
import { parseArguments } from "./parse-arguments.ts";
import { Prompter } from "./prompter.ts";
import { reportError } from "./report-error.ts";
import { ReportedFailure } from "./reported-failure.ts";
import { note, print } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

const INTERRUPTED = 130;

/** Carries out a command line. @returns the exit code */
async function main([name = "--help", ...args]: string[], signal: AbortSignal): Promise<number> {
  if (name === "__complete") return show(complete(commands, args));
  if (["help", "--help", "-h"].includes(name) && args[0] === undefined) return show(overview().split("\n"));
  if (name === "--version") return show([version]);
  let command: Command | undefined;
  try {
    command = commandNamed(name === "help" ? (args[0] ?? "") : name);
    const wantsHelp = name === "help" || args.includes("--help") || args.includes("-h");
    if (wantsHelp) return show(commandHelp(command).split("\n"));
    await run(command, args, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    if (error instanceof ReportedFailure) return error.exitCode;
    note(reportError(error, command?.name, command?.fields));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run(command: Command, args: string[], signal: AbortSignal): Promise<void> {
  const { values, options } = parseArguments(command, args);
  const server = await serverOf(options.server);
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

function show(lines: string[]): number {
  print(lines);
  return 0;
}

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
// A reader that wants no more, such as `head`, ends the command.
process.stdout.on("error", () => process.exit());

process.exit(await main(process.argv.slice(2), interrupted.signal));
