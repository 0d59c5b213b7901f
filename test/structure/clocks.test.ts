import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const TESTS = /\.test\.ts$|(^|\/)testing\/|(^|\/)node_modules\//;
const COMMENTS = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm;

/** Names by which code reads the time. `neither` reads it without a clock. */
const READS = {
  machine: /\b(?:clock|systemClock)\b/,
  business: /\b(?:businessClock|systemBusinessClock)\b/,
  neither: /\bDate\.now\b|\bnew Date\(\)/,
};
type Kind = keyof typeof READS;

const kindsIn = (source: string): Kind[] => {
  const code = source.replace(COMMENTS, "");
  return (Object.keys(READS) as Kind[]).filter((kind) => READS[kind].test(code));
};

/**
 * Uses of machine time in the services whose resources begin and end by business time. The decision on the two
 * clocks gives the reasons.
 */
const MACHINE = [
  "services/billing/src/ledger/watch-ledger.ts",
  "services/billing/src/providers/create-providers.ts",
  "services/billing/src/providers/stripe-provider.ts",
  "services/billing/src/providers/stub-provider.ts",
  "services/billing/src/webhooks/delete-old-events.ts",
  "services/billing/src/webhooks/receive-webhook.ts",
  "services/clinical/src/access/authorize-read.ts",
  "services/clinical/src/break-glass/apply-grant-events.ts",
  "services/scheduling/src/reconciliation/reconcile-regularly.ts",
];

/** Uses of business time in shared code: where the clock is made, and where it is passed to use cases. */
const SHARED_BUSINESS = [
  "ops/reconcile.ts",
  "platform/changes/group-commit.ts",
  "platform/inbox/inbox.ts",
  "platform/service/service.ts",
  "platform/stats/get-daily-stats.ts",
  "platform/time/clock.ts",
  "platform/time/sandbox-clock.ts",
];

const filesOf = (rooms: string): string[] =>
  globSync(`${rooms}/**/*.ts`, { cwd: ROOT }).filter((file) => !TESTS.test(file));

const filesWith = (kind: Kind, rooms: string): string[] =>
  filesOf(rooms)
    .filter((file) => kindsIn(readFileSync(join(ROOT, file), "utf8")).includes(kind))
    .toSorted();

test.each([
  ["const now = app.clock.now();", ["machine"]],
  ["const { db, clock } = app;", ["machine"]],
  ["const now = app.businessClock.now();", ["business"]],
  ["// by billing's clock\nconst late = Date.now() > end;", ["neither"]],
  ["const now = new Date();", ["neither"]],
  ["const end = new Date(now.getTime() + holdMs);", []],
])("%j reads the time of %j", (code, kinds) => {
  expect(kindsIn(code)).toEqual(kinds);
});

test("services read the time from a clock only", () => {
  expect(filesWith("neither", "services/*/src")).toEqual([]);
});

test("scheduling, clinical and billing use business time, and machine time where this table says so", () => {
  expect(filesWith("machine", "services/{scheduling,clinical,billing}/src")).toEqual(MACHINE);
  expect(filesWith("business", "services/{scheduling,clinical,billing}/src").length).toBeGreaterThan(40);
});

test("auth uses machine time only", () => {
  expect(filesWith("business", "services/auth/src")).toEqual([]);
});

test("shared code leaves business time to use cases", () => {
  expect(filesWith("business", "{platform,gateway,ops,topology}")).toEqual(SHARED_BUSINESS);
});

const [decision = ""] = globSync("docs/decisions/*-two-clocks.md", { cwd: ROOT });

test.each(MACHINE)("the decision lists %s", (file) => {
  const [, service, path] = /^services\/(\w+)\/src\/(.*)$/.exec(file) ?? [];
  expect(readFileSync(join(ROOT, decision), "utf8")).toContain(`${service}: \`${path}\``);
});
