import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { SetupError } from "./setup-error.ts";

/**
 * Asks for a secret on the terminal, without showing the typed text. Without a terminal, reads the first line
 * of standard input.
 */
export async function readSecret(prompt: string): Promise<string> {
  const isAsked = process.stdin.isTTY === true;
  if (isAsked) process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isAsked });
  try {
    for await (const line of lines) return line;
    throw new SetupError("No passphrase was given. Set ADMIN_PASSWORD, or write it to standard input.");
  } finally {
    lines.close();
    if (isAsked) process.stderr.write("\n");
  }
}
