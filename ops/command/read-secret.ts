import { createInterface } from "node:readline";
import { Writable } from "node:stream";

/** Asks for a secret without showing it; where nobody sits at the keyboard, reads the first line of standard input. */
export async function readSecret(prompt: string): Promise<string> {
  const isAsked = process.stdin.isTTY === true;
  if (isAsked) process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isAsked });
  try {
    for await (const line of lines) return line;
    throw new Error("a passphrase must be given");
  } finally {
    lines.close();
    if (isAsked) process.stderr.write("\n");
  }
}
