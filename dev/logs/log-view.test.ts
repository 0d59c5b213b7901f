import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { type LogView, logFormatOf, logView } from "./log-view.ts";

const NOW = new Date("2026-11-30T14:12:14Z");
let shown: string[];
let view: LogView;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
  shown = [];
  view = opened();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A view that was opened a second ago. */
function opened(tracesUrl?: string): LogView {
  const made = logView("pretty", (line) => shown.push(line), tracesUrl);
  jest.setSystemTime(NOW.getTime() - 1000);
  made.open();
  jest.setSystemTime(NOW);
  return made;
}

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

test("errors link to their traces where there are pages of traces", () => {
  view = opened("http://127.0.0.1:9469");
  show(REQUEST);
  show({ ...REQUEST, status: 409 });
  view.show("billing", lineOf({ ...WARNING, traceId: REQUEST.traceId }), "logs/billing.log:7");
  expect(texts()).toEqual([
    "POST /v1/bookings 201 48 ms 660ee1f9",
    "POST /v1/bookings 409 48 ms http://127.0.0.1:9469/660ee1f9",
    "WARN billing: job failed: refused (job=relay) http://127.0.0.1:9469/660ee1f9 logs/billing.log:7",
  ]);
});

test("files of a page are not shown, unless they are missing", () => {
  const path = "/docs/4f1c2ab/chunks/main.js";
  show({ ...REQUEST, method: "GET", path, status: 200 });
  show({ ...REQUEST, method: "GET", path, status: 404 });
  expect(texts()).toEqual([`GET ${path} 404 48 ms 660ee1f9`]);
});

test("a long path is cut", () => {
  show({ ...REQUEST, path: "x".repeat(5000) });
  expect(shown[0]?.length).toBeLessThan(250);
});

test("a warning is one line with the place of its full entry", () => {
  view.show("billing", lineOf(WARNING), "logs/billing.log:7");
  expect(texts()).toEqual(["WARN billing: job failed: refused (job=relay) logs/billing.log:7"]);
});

test("a warning of a request has the beginning of its trace id, too", () => {
  view.show("billing", lineOf({ ...WARNING, traceId: REQUEST.traceId }), "logs/billing.log:7");
  expect(texts()).toEqual(["WARN billing: job failed: refused (job=relay) 660ee1f9 logs/billing.log:7"]);
});

describe("the crash of a process", () => {
  const crash = (...lines: string[]) => {
    for (const line of lines) view.show("auth", line, "logs/auth.log:1");
    return texts();
  };
  const NODE = [`    at Module._compile (node:internal/modules/cjs/loader:1929:14)`, "", "Node.js v24.21.0"];
  const FRAME = `    at main (${process.cwd()}/services/auth/src/main.ts:69:7)`;

  test.each([
    ["a short line", "throw error;", ["      ^", ""]],
    ["a long line, whose column Node does not mark", `module.exports=${"x".repeat(150_000)}`, []],
  ])("is its error and the stack in our code, without %s of the bundle", (_title, line, marks) => {
    const position = "/medconnect/.local/dev/libraries.cjs:1";
    expect(crash(position, line, ...marks, "Error: boom", FRAME, ...NODE)).toEqual([
      "auth: Error: boom logs/auth.log:1",
      "             at main (services/auth/src/main.ts:69:7)",
    ]);
  });

  test("keeps all lines of the message, the properties and the cause", () => {
    const lines = ["Error: first", "second", `${FRAME} {`, "  code: 'X',", "  [cause]: Error: other", "}"];
    expect(crash(...lines)).toEqual([
      "auth: Error: first logs/auth.log:1",
      "auth: second logs/auth.log:1",
      "             at main (services/auth/src/main.ts:69:7) {",
      "           code: 'X',",
      "           [cause]: Error: other",
      "auth: } logs/auth.log:1",
    ]);
  });

  test("keeps the beginning of a long message, and eight frames", () => {
    const [head = "", ...frames] = crash(`Error: ${"x".repeat(5000)}`, ...Array(50).fill(FRAME));
    expect(head).toMatch(/^auth: Error: x{993}… logs/);
    expect(frames).toHaveLength(8);
  });

  test("is shown after a flood of warnings", () => {
    for (let i = 0; i < 50; i++) show(WARNING);
    expect(crash("Error: boom")).toContain("auth: Error: boom logs/auth.log:1");
  });

  test("is shown for each process, even if their lines mix", () => {
    view.show("auth", "/auth.cjs:1", "");
    view.show("billing", "billing cannot start: boom", "");
    expect(texts()).toEqual(["billing: billing cannot start: boom "]);
  });
});

describe("while a process is down", () => {
  const warn = (service: string) => view.show(service, lineOf({ ...WARNING, service }), "logs/a.log:1");

  test("the warnings of the others are counted, until they have connected again", () => {
    view.lost("auth");
    warn("gateway");
    view.back("auth");
    jest.advanceTimersByTime(1900);
    warn("billing");
    expect(shown).toEqual([]);
    jest.advanceTimersByTime(100);
    expect(texts()).toEqual(["… 2 warnings of processes that lost auth, in the log files"]);
    warn("billing");
    expect(shown).toHaveLength(2);
  });

  test("its own warnings and all errors are shown", () => {
    view.lost("auth");
    warn("auth");
    show({ ...WARNING, level: "error" });
    expect(shown).toHaveLength(2);
  });

  test("a second loss keeps the others quiet", () => {
    view.lost("auth");
    view.back("auth");
    jest.advanceTimersByTime(1900);
    view.lost("auth");
    jest.advanceTimersByTime(60_000);
    warn("gateway");
    expect(shown).toEqual([]);
  });

  test("the sum names those who were down meanwhile", () => {
    view.lost("auth");
    view.back("auth");
    jest.advanceTimersByTime(1900);
    for (const name of ["billing", "clinical"]) view.lost(name);
    jest.advanceTimersByTime(100);
    warn("gateway");
    for (const name of ["billing", "clinical"]) view.back(name);
    jest.advanceTimersByTime(2000);
    expect(texts()).toEqual(["… 1 warning of processes that lost billing, clinical, in the log files"]);
  });

  test("nothing is told if nobody warned", () => {
    view.lost("auth");
    view.back("auth");
    jest.advanceTimersByTime(10_000);
    expect(shown).toEqual([]);
  });
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

test("requests that began before the view opened are not shown, even if they end later", () => {
  const starting = logView("pretty", (line) => shown.push(line));
  starting.show("gateway", lineOf(REQUEST), "");
  starting.open();
  const time = new Date(NOW.getTime() + 20).toISOString();
  starting.show("gateway", lineOf({ ...REQUEST, time }), "");
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
