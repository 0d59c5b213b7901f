import { relative } from "node:path";
import { styleText } from "node:util";

/** A line of a process's log, as platform/telemetry writes it. */
export interface LogEntry {
  level: string;
  /** RFC 3339. */
  time: string;
  service: string;
  msg: string;
  traceId?: string;
  method?: string;
  path?: string;
  status?: number;
  durationMs?: number;
  err?: { type?: string; message?: string };
  [field: string]: unknown;
}

/** Length at which a text in a line is cut. */
const MAX_LENGTH = 160;
/** The same for a line that is no log entry. It may be the message of an error, which must stay readable. */
const MAX_OUTPUT_LENGTH = 1000;
/** Digits of the trace id in a line. They suffice for `npm run trace`, and to find the request in the logs. */
const TRACE_DIGITS = 8;
/** Controls, invisible and bidirectional characters, which can change the rest of a terminal's screen. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Fields that a line shows in a place of their own, or not at all. */
const KNOWN = new Set(["level", "time", "service", "msg", "traceId", "spanId", "err"]);

/** Parses a line. Returns undefined for other output, such as the stack trace of a crash. */
export function parseEntry(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line);
    return typeof entry?.level === "string" && typeof entry.msg === "string" ? entry : undefined;
  } catch {
    return undefined;
  }
}

export const isRequest = ({ msg, status }: LogEntry): boolean => msg === "request" && status !== undefined;

/** True if a page loaded one of its files. A visit to /docs loads forty, which would push the banner away. */
export const isFileOfPage = ({ status = 0, path = "" }: LogEntry): boolean =>
  status < 400 && /\.(?:js|css|svg|woff2)$/.test(path);

export const isProblem = ({ level }: LogEntry): boolean => ["warn", "error", "fatal"].includes(level);

/**
 * Such as `14:12:14 POST /v1/bookings 201 48 ms 660ee1f9`. The last word begins the trace id; for an error, it is
 * the page of its trace.
 *
 * @param tracesUrl URL of the pages of traces, if there are any
 */
export function requestLine(entry: LogEntry, tracesUrl?: string): string {
  const { time, method = "?", path = "(unreadable)", status = 0, durationMs, traceId } = entry;
  const words = [
    dim(clockTime(new Date(time))),
    method,
    printable(path),
    styleText(colourOf(status), String(status)),
    ...(durationMs === undefined ? [] : [`${Math.round(durationMs)} ms`]),
    ...traceWords(traceId, status >= 400 ? tracesUrl : undefined),
  ];
  return words.join(" ");
}

/**
 * Such as `14:12:14 WARN billing: job failed: connect ECONNREFUSED (job=relay) .local/data/logs/billing.log:7`. A
 * problem of a request has the page of its trace before the place, or the beginning of its trace id.
 */
export function problemLine(entry: LogEntry, place: string, tracesUrl?: string): string {
  const { time, level, service, msg, err, traceId } = entry;
  const cause = err?.message ?? err?.type;
  const text = cause === undefined ? msg : `${msg}: ${cause}`;
  const facts = Object.entries(entry)
    .filter(([name, value]) => !KNOWN.has(name) && ["string", "number", "boolean"].includes(typeof value))
    .map(([name, value]) => `${name}=${value}`);
  const colour = level === "warn" ? "yellow" : "red";
  return [
    dim(clockTime(new Date(time))),
    styleText(colour, level.toUpperCase()),
    `${service}:`,
    printable(text),
    ...(facts.length > 0 ? [`(${printable(facts.join(", "))})`] : []),
    ...traceWords(traceId, tracesUrl),
    dim(relative("", place)),
  ].join(" ");
}

/**
 * A line that is no log entry, such as the reason why a process cannot start. An indented line belongs to the one
 * before it: it stays indented, and names files relative to this folder.
 */
export function outputLine(name: string, line: string, place: string): string {
  const text = printable(line.replaceAll(`${process.cwd()}/`, ""), MAX_OUTPUT_LENGTH);
  if (/^\s/.test(line)) return `         ${text}`;
  return `${dim(clockTime(new Date()))} ${name}: ${text} ${dim(relative("", place))}`;
}

/** Local time of day, as hh:mm:ss. */
export const clockTime = (time: Date): string => time.toLocaleTimeString("en-GB", { hour12: false });

/** Escapes characters that a terminal would obey, and cuts long texts. */
export function printable(text: string, maxLength = MAX_LENGTH): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const colourOf = (status: number) => (status >= 500 ? "red" : status >= 400 ? "yellow" : "green");

/** The page of a trace, or the beginning of its id; nothing without a trace. */
function traceWords(traceId: string | undefined, tracesUrl: string | undefined): string[] {
  if (!traceId) return [];
  const digits = traceId.slice(0, TRACE_DIGITS);
  return [dim(tracesUrl === undefined ? digits : `${tracesUrl}/${digits}`)];
}

/** styleText leaves the text plain unless standard output is a terminal that allows colour (NO_COLOR). */
const dim = (text: string): string => styleText("dim", text);
