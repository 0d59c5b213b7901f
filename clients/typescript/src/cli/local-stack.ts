import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isOwnedByOther, isWritableByOthers } from "./file-owner.ts";
import { UsageError } from "./usage-error.ts";

/** The fields of stack.json that this CLI reads. `npm start` writes the file. */
export interface LocalStack {
  readonly urls: { readonly gateway: string };
  /** Program and arguments that show and advance business time; absent without a sandbox clock. */
  readonly clockCommand?: readonly [string, ...string[]];
}

/** File of the system that `npm start` runs in the repository of this CLI. */
const DEFAULT_FILE = fileURLToPath(new URL("../../../../.local/data/stack.json", import.meta.url));
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The local system that serves this URL. Throws UsageError if the server is another one. */
export async function localStackAt(server: string): Promise<LocalStack> {
  if (!LOOPBACK.test(new URL(server).hostname)) {
    throw new UsageError(
      `${server} is not on this machine. Only the system that npm start runs has a clock.`,
    );
  }
  const file = process.env.STACK_JSON || DEFAULT_FILE;
  const stack = await readStack(file);
  const { gateway } = stack.urls;
  // Both are on this machine, so they are the same if they have the same port.
  if (portOf(server) === portOf(gateway)) return stack;
  throw new UsageError(
    `${server} is not the system of ${file}, which is at ${gateway}. Choose that with --server, or another file with STACK_JSON.`,
  );
}

async function readStack(file: string): Promise<LocalStack> {
  const found = await stat(file).catch(() => undefined);
  if (!found) {
    throw new UsageError(
      `No local system was found: ${file} is missing. Start one with npm start, or set STACK_JSON to the file that it prints.`,
    );
  }
  // The file names a program to run.
  if (isOwnedByOther(found) || isWritableByOthers(found)) {
    throw new UsageError(`${file} is refused, because other users can write it.`);
  }
  return JSON.parse(await readFile(file, "utf8"));
}

function portOf(url: string): string {
  const { port, protocol } = new URL(url);
  return port || protocol;
}
