import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { type LogView, logFormatOf, logView } from "./log-view.ts";

const NOW = new Date("2026-11-30T14:12:14Z");
let shown: string[];
let view: LogView;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
  shown = [];
  view = logView("pretty", (line) => shown.push(line));
  view.open();
});
afterEach(() => {
  jest.useRealTimers();
});

const lineOf = (entry: object) => JSON.stringify({ level: "info", time: NOW.toISOString(), ...entry });
const REQUEST = {
  service: "gateway",
  traceId: "660ee1f9bd3f4e2d8a10c2f3b7a95e01",
  method: "POST",
  route: "/v1/bookings",
  path: "/v1/bookings",
  status: 201,
  durationMs: 47.6,
  requestId: "01a22adf-687e-7000-8000-000000000000",
  msg: "request",
};
const WARNING = {
  level: "warn",
  service: "billing",
  job: "relay",
  msg: "job failed",
  err: { message: "refused" },
};
const show = (entry: object) => view.show("gateway", lineOf(entry), "logs/gateway.log:7");
/** The lines without the local time at their beginning. */
const texts = () => shown.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""));

test("a request is one line", () => {
  show(REQUEST);
  expect(shown).toEqual([expect.stringMatching(/^\d\d:\d\d:14 POST \/v1\/bookings 201 48 ms 660ee1f9$/)]);
});

test("a request that the parser refused has no path", () => {
  const { method, route, path, durationMs, traceId, ...refused } = REQUEST;
  show({ ...refused, status: 400 });
  expect(texts()).toEqual(["? (unreadable) 400"]);
});

test.each([
  ["a sequence that clears the screen", "/v1/\x1b[2J", "/v1/\\u{1b}[2J"],
  ["C1 controls", "/v1/\x9b31m", "/v1/\\u{9b}31m"],
  ["a new line", "/v1/a\nb", "/v1/a\\u{a}b"],
  ["a change of direction", "/v1/\u202egnp", "/v1/\\u{202e}gnp"],
])("%s in a path is escaped", (_title, path, escaped) => {
  show({ ...REQUEST, path });
  expect(texts()).toEqual([`POST ${escaped} 201 48 ms 660ee1f9`]);
});

test("a long path is cut", () => {
  show({ ...REQUEST, path: "x".repeat(5000) });
  expect(shown[0]?.length).toBeLessThan(250);
});

test("a warning is one line with the place of its full entry", () => {
  view.show("billing", lineOf(WARNING), "logs/billing.log:7");
  expect(texts()).toEqual(["WARN billing: job failed: refused (job=relay) logs/billing.log:7"]);
});

test("other output is shown without the lines of a stack trace", () => {
  for (const line of ["Error: boom", "    at main (gateway/main.ts:1:1)", "", "Node.js v24"]) {
    view.show("auth", line, "logs/auth.log:1");
  }
  expect(texts()).toEqual(["auth: Error: boom logs/auth.log:1", "auth: Node.js v24 logs/auth.log:1"]);
});

test("other entries are in the log files only", () => {
  show({ service: "auth", msg: "serving" });
  expect(shown).toEqual([]);
});

test("a flood of requests shows twenty lines a second, and the number of the others", () => {
  for (let i = 0; i < 5000; i++) show(REQUEST);
  expect(shown).toHaveLength(20);
  jest.advanceTimersByTime(1000);
  expect(texts().slice(20)).toEqual(["… 4980 more requests, in the log files"]);
  show(REQUEST);
  expect(shown).toHaveLength(22);
});

test("a flood of problems shows five lines in ten seconds", () => {
  for (let i = 0; i < 50; i++) show(WARNING);
  expect(shown).toHaveLength(5);
  jest.advanceTimersByTime(10_000);
  expect(texts().slice(5)).toEqual(["… 45 more lines of problems, in the log files"]);
});

test("requests before the view opens are not shown, even if their lines come later", () => {
  const starting = logView("pretty", (line) => shown.push(line));
  starting.show("gateway", lineOf(REQUEST), "");
  jest.advanceTimersByTime(20);
  starting.open();
  starting.show("gateway", lineOf(REQUEST), "");
  expect(shown).toEqual([]);
});

test("a view that closes shows errors only", () => {
  view.close();
  for (const entry of [REQUEST, WARNING, { ...WARNING, level: "error" }]) show(entry);
  expect(texts()).toEqual([expect.stringMatching(/^ERROR billing/)]);
});

test("LOG_FORMAT=json passes on each line as it is", () => {
  const json = logView("json", (line) => shown.push(line));
  json.show("gateway", lineOf(REQUEST), "");
  expect(shown).toEqual([lineOf(REQUEST)]);
});

test("the format is pretty on a terminal and JSON elsewhere, unless LOG_FORMAT is set", () => {
  expect(logFormatOf(undefined, true)).toBe("pretty");
  expect(logFormatOf("", false)).toBe("json");
  expect(logFormatOf("json", true)).toBe("json");
  expect(logFormatOf("pretty", false)).toBe("pretty");
  expect(() => logFormatOf("xml", true)).toThrow('LOG_FORMAT must be pretty or json, not "xml".');
});
