#!/usr/bin/env node
// medconnect-ops COMMAND …: runs an operators' command in a container. The commands are the scripts of
// package.json that run files of ops/, so `medconnect-ops outbox list` is `npm run outbox -- list`.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** @type {Record<string, string>} */
const scripts = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts;
/** File of each command, by its name. */
const files = new Map(
  Object.entries(scripts).flatMap(([name, script]) => {
    const file = /^node (ops\/[\w-]+\.ts)$/.exec(script)?.[1];
    return file === undefined ? [] : [[name, file]];
  }),
);

const HELP = `Runs an operators' command.

Usage: medconnect-ops COMMAND [arguments]
       medconnect-ops COMMAND --help

Commands: ${[...files.keys()].toSorted().join(", ")}

A command works on the service whose settings its container has, or on all services if STACK_JSON is set.

Exit codes: those of the command; 2 there is no such command
`;

const [command = "--help", ...args] = process.argv.slice(2);
const file = files.get(command);
if (file !== undefined) {
  const path = join(ROOT, file);
  process.argv.splice(1, Number.POSITIVE_INFINITY, path, ...args);
  await import(path);
} else if (command === "--help" || command === "-h") {
  process.stdout.write(HELP);
} else {
  process.stderr.write(`There is no command "${command}".\nSee medconnect-ops --help.\n`);
  process.exitCode = 2;
}
