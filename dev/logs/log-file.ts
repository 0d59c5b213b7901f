import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from "node:fs";

/** Size in bytes at which a log file makes room for the next one. A process so keeps at most twice as much. */
const FULL_BYTES = 16 * 1024 * 1024;

/** Moves a full log file to `<path>.1`, in place of the file that was moved before it. */
export function rotateIfFull(path: string): void {
  if (existsSync(path) && statSync(path).size > FULL_BYTES) rotate(path);
}

function rotate(path: string): void {
  if (existsSync(path)) renameSync(path, `${path}.1`);
}

/** A log file of bounded size. Begins a new file, and again whenever that is full; one previous file is kept. */
export class LogFile {
  readonly #path: string;
  readonly #fullBytes: number;
  #descriptor: number | undefined;
  #bytes = 0;
  #lines = 0;

  constructor(path: string, fullBytes = FULL_BYTES) {
    this.#path = path;
    this.#fullBytes = fullBytes;
  }

  /** Appends a line. @returns its place, as path:line, which terminals and editors open */
  write(line: string): string {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#descriptor === undefined || this.#bytes + bytes.length > this.#fullBytes) this.#begin();
    if (this.#descriptor !== undefined) writeSync(this.#descriptor, bytes);
    this.#bytes += bytes.length;
    return `${this.#path}:${++this.#lines}`;
  }

  #begin(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    rotate(this.#path);
    this.#descriptor = openSync(this.#path, "a", 0o600);
    this.#bytes = 0;
    this.#lines = 0;
  }
}
