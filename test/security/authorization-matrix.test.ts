import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { auditedSince, auditKeyOf, auditNameOf, MAY_LEAVE_NO_LINE, mustBeAudited } from "./audited.ts";
import { closeClients } from "./calls.ts";
import { ENTRIES, howToAdd } from "./entries.ts";
import { findingsOf, summaryOf } from "./findings.ts";
import { combinationsOf, names, phasesOf, type Result, send } from "./matrix.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { leaveWorld, makeWorld, type World } from "./world.ts";

/** Number of calls at the same time, if they are denied or only read. Such calls do not affect each other. */
const AT_ONCE = 24;
/** Number of calls at the same time, if they are permitted and change something. */
const CHANGES_AT_ONCE = 4;
const TIMEOUT_MS = 300_000;

let world: World;
let results: Result[];
let before: Snapshot;
let after: Snapshot;
let startTime: Date;

beforeAll(async () => {
  world = await makeWorld();
  const startedAtMs = performance.now();
  startTime = new Date();
  const { denied, reads, changes } = phasesOf(combinationsOf(world));
  const { mine, theirs, admin } = world;
  const ids = [admin.id, ...Object.values(mine.ids), ...Object.values(theirs.ids)];
  before = await snapshotOf(ids);
  const deniedResults = await send(world, denied, AT_ONCE);
  after = await snapshotOf(ids);
  results = [
    ...deniedResults,
    ...(await send(world, reads, AT_ONCE)),
    ...(await send(world, changes, CHANGES_AT_ONCE)),
  ];
  process.stdout.write(summaryOf(results, (performance.now() - startedAtMs) / 1000));
}, TIMEOUT_MS);
afterAll(async () => {
  closeClients();
  await leaveWorld(world);
});

test("every RPC of the contract is in the matrix", () => {
  const missing = [...names.keys()].filter((name) => !ENTRIES[name]);
  if (missing.length > 0) throw new Error(missing.map(howToAdd).join("\n"));
});

test("every RPC in the matrix exists", () => {
  expect(Object.keys(ENTRIES).filter((name) => !names.has(name))).toEqual([]);
});

test("denied calls changed nothing", () => {
  expect(after).toEqual(before);
});

test("each permitted change, admin's call, and read of a patient, clinical content or the trail is audited", async () => {
  const audited = await auditedSince(startTime);
  // Leaves out composed responses, because the services behind them audit their own actions.
  const inOneService = results.filter(({ method }) => !method.rules.composed);
  const expected = [
    ...new Set(inOneService.filter((result) => mustBeAudited(result, world)).map(auditNameOf)),
  ].sort();
  expect(expected.length).toBeGreaterThan(20);
  // In this test, ResetMfa changes nothing and is not audited, because the account has no second factor.
  // mfa.int.test.ts tests ResetMfa with a second factor.
  expect(expected.filter((name) => !audited.has(name))).toEqual(["auth user.reset_mfa"]);
});

test("each permitted call that must be audited has its own event, even if it changed nothing", async () => {
  const audited = await auditedSince(startTime);
  const unaudited = results.filter(
    (result) => mustBeAudited(result, world) && !audited.has(auditKeyOf(result)),
  );
  const holes = unaudited.filter(({ name }) => !MAY_LEAVE_NO_LINE.has(name));
  expect(holes.map(({ name, caller, via }) => `${name} by ${caller} over ${via}`)).toEqual([]);
});

describe("callers and objects:", () => {
  test.each([...names.keys()])("%s", (name) => {
    const own = results.filter((result) => result.name === name);
    expect(findingsOf(own, world)).toEqual([]);
  });
});
