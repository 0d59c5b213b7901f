import { beforeEach, expect, test } from "@jest/globals";
import pino from "pino";
import { logRefusedOrigins } from "./refused-origins.ts";

const API_URL = "https://api.example.org";
let nowMs: number;
let lines: Record<string, unknown>[];
let ask: (origin?: string) => void;

function start(origins: string[]) {
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const check = logRefusedOrigins({ origins, apiUrl: API_URL, log, clock: { now: () => new Date(nowMs) } });
  ask = (origin) => check({ headers: { origin } } as Parameters<typeof check>[0]);
}

beforeEach(() => {
  nowMs = 0;
  lines = [];
  start(["https://app.test", "loopback"]);
});

test("a refused origin is one line with the setting's name, for all requests of a minute", () => {
  for (let i = 0; i < 1000; i++) ask(`https://evil${i}.test`);
  expect(lines).toEqual([
    expect.objectContaining({
      level: 40,
      origin: "https://evil0.test",
      msg: "CORS refuses pages of an origin that is not in CORS_ORIGINS",
    }),
  ]);
  nowMs += 60_000;
  ask("https://late.test");
  expect(lines.map(({ origin }) => origin)).toEqual(["https://evil0.test", "https://late.test"]);
});

test.each([undefined, "https://app.test", "http://localhost:5173", API_URL])(
  "%s is no refused origin",
  (origin) => {
    ask(origin);
    expect(lines).toEqual([]);
  },
);

test("without CORS_ORIGINS, nothing is logged", () => {
  start([]);
  ask("https://evil.test");
  expect(lines).toEqual([]);
});

test("a long origin is cut", () => {
  ask(`https://${"x".repeat(5000)}`);
  expect(String(lines[0]?.origin)).toHaveLength(100);
});
