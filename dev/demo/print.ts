import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import type { Exchange } from "./exchange.ts";

const WIDTH = 112;
const INDENT = "     ";
const MAX_TEXT = 60;
const MAX_ITEMS = 2;
const MAX_WORD = 70;
const VISIBLE_SECRET = 6;
/** As in the lines of `npm start`. They suffice for `npm run trace`. */
const TRACE_DIGITS = 8;
const COUNTDOWN_MS = 1000;

/** Fields that are printed redacted. */
const SECRETS = new Set([
  "password",
  "accessToken",
  "refreshToken",
  "mfaToken",
  "secret",
  "otpauthUri",
  "qrCode",
  "recoveryCodes",
]);
/** Response headers that the demo prints. The demo leaves out all others. */
const TELLING_HEADERS = ["location", "idempotent-replayed", "www-authenticate"];

export function printChapter(title: string): void {
  say(`\n${styleText("bold", title)}`);
}

export function printTitle(number: number, title: string): void {
  say(`\n${styleText(["bold", "cyan"], `${String(number).padStart(3)}. ${title}`)}`);
}

export function printRequest({ call, headers, body }: Exchange): void {
  say(INDENT + styleText("yellow", call));
  for (const [name, value] of Object.entries(headers)) printHeader(name, shortenHeader(value));
  if (Object.keys(body).length > 0) printBody(body);
}

export function printAnswer({ answer: { status, statusText, headers, body } }: Exchange): void {
  const outcome = styleText(status < 400 ? "green" : "magenta", `→ ${status} ${statusText}`);
  say(`${INDENT}${outcome} ${styleText("dim", headers.get("x-trace-id")?.slice(0, TRACE_DIGITS) ?? "")}`);
  for (const name of TELLING_HEADERS) {
    const value = headers.get(name);
    if (value !== null) printHeader(name, value);
  }
  if (Object.keys(body).length > 0) printBody(body);
}

/** Waits. On a terminal, shows a countdown. Elsewhere, prints the duration once. */
export async function printWait(seconds: number, limit: string): Promise<void> {
  const text = (left: number) => `${INDENT}The rate limit (${limit}) is used up; going on in ${left} s …`;
  if (!process.stdout.isTTY) say(text(seconds));
  for (let left = seconds; left > 0; left--) {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text(left)}`);
    await delay(COUNTDOWN_MS);
  }
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printHeader(name: string, value: string): void {
  say(`${INDENT}${styleText("dim", `${name}:`)} ${value}`);
}

function shortenHeader(value: string): string {
  return value.replace(/^(Bearer .{6}).*/, "$1…");
}

function printBody(body: object): void {
  for (const line of wrap(shorten(body))) say(INDENT + line);
}

/** Cuts long texts and lists, and redacts secrets. */
function shorten(value: unknown, isSecret = false): unknown {
  if (typeof value === "string") return cut(value, isSecret ? VISIBLE_SECRET : MAX_TEXT);
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ITEMS).map((item) => shorten(item, isSecret));
    const left = value.length - shown.length;
    return left > 0 ? [...shown, `… ${left} more`] : shown;
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, shorten(field, SECRETS.has(name))]);
  return Object.fromEntries(fields);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Breaks JSON into lines of the maximum length. Short objects and lists stay on one line. */
function wrap(body: unknown): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of wordsOf(body)) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Splits a JSON text at the places where a line may break. */
function wordsOf(value: unknown): string[] {
  const whole = JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, " ");
  if (whole.length <= MAX_WORD || typeof value !== "object" || value === null) return [whole];
  const isList = Array.isArray(value);
  const members = Object.entries(value).map(([name, member]) => {
    const [first = "", ...rest] = wordsOf(member);
    return isList ? [first, ...rest] : [`${JSON.stringify(name)}: ${first}`, ...rest];
  });
  const separated = members.map((words, i) =>
    i < members.length - 1 ? words.with(-1, `${words.at(-1)},`) : words,
  );
  return [isList ? "[" : "{", ...separated.flat(), isList ? "]" : "}"];
}
