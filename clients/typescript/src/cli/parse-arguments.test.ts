import { expect, test } from "@jest/globals";
import { commandNamed } from "./commands.ts";
import { parseArguments, splitCommand, wantsHelp } from "./parse-arguments.ts";

test.each([
  ["whoami -o json", "whoami", "-o json"],
  ["--server http://localhost whoami", "whoami", "--server http://localhost"],
  ["-o json --all list-bookings --status CONFIRMED", "list-bookings", "-o json --all --status CONFIRMED"],
  ["--output=json get-booking b1", "get-booking", "--output=json b1"],
  ["--server --help", undefined, "--server --help"],
  ["--nonsense", undefined, "--nonsense"],
])("%s names the command %s", (line, name, args) => {
  expect(splitCommand(line.split(" "))).toEqual({ name, args: args.split(" ") });
});

test.each([
  ["--slot-id s1 --help", true],
  ["-h", true],
  ["--nonsense --help", true],
  ["--reason --help", false],
  ["--reason=--help", false],
  ["--server --help", false],
  ["-- --help", false],
])("create-booking %s asks for help: %s", (line, expected) => {
  expect(wantsHelp(commandNamed("create-booking"), line.split(" "))).toBe(expected);
});

test.each([
  [
    "create-booking --slot-id s1 --reason --help",
    "Write a value that begins with a dash as --reason=-VALUE.",
  ],
  ["create-booking --server -h", "Write a value that begins with a dash as --server=-VALUE."],
  ["create-booking -o --help", "-o needs a value."],
  ["create-booking --server", "--server needs a value."],
  ["create-booking --slot-id", "--slot-id needs a value."],
  ["list-bookings --all=yes", "--all takes no value."],
  ["create-booking -x", "Unknown option '-x'."],
  ["clock", "ACTION is missing: show or advance."],
  ["register --email a --full-name b", "--role is missing: PATIENT or DOCTOR."],
  ["get-booking", "BOOKING_ID is missing."],
  ["get-booking ", "BOOKING_ID is missing."],
])("%s is refused", (line, message) => {
  const [name = "", ...args] = line.split(" ");
  expect(() => parseArguments(commandNamed(name), args)).toThrow(new Error(message));
});
