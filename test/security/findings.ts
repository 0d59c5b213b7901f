import { DENIALS, type Denial } from "./expectations.ts";
import type { Result } from "./matrix.ts";
import type { Practice, World } from "./world.ts";

/**
 * Reasons that must not occur. They mean that the request was invalid or failed, so the call did not test
 * authorization.
 */
const NO_ANSWER = [
  "INVALID_REQUEST",
  "MALFORMED_JSON",
  "INTERNAL",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
];

/** Describes the unexpected results of one RPC, one result a line. */
export function findingsOf(results: Result[], world: World): string[] {
  return [
    ...results.filter((result) => !isAsExpected(result)).map(describe),
    ...differences(results),
    ...results.flatMap((result) => leaks(result, world)),
  ];
}

function isAsExpected({ expected, outcome: { status, reason }, via }: Result): boolean {
  if (!expected) return !(reason !== undefined && (reason in DENIALS || NO_ANSWER.includes(reason)));
  const { http, grpc } = DENIALS[expected];
  return reason === expected && status === (via === "http" ? http : grpc);
}

const describe = (result: Result): string =>
  `${titleOf(result)}: ${result.expected ?? "allowed"} expected, got ${result.outcome.status} ${result.outcome.reason ?? ""}`;

const titleOf = ({ caller, relation, via, entry }: Result): string =>
  `${caller}${relation ? ` × ${relation} ${entry.on}` : ""} via ${via}`;

const hides = (expected: Denial | undefined): boolean =>
  expected === "NOT_FOUND" || expected === "BREAK_GLASS_REQUIRED";

/**
 * Finds calls that reveal private objects of other users: the response for such an object differs from the
 * response for a missing object.
 */
function differences(results: Result[]): string[] {
  const hidden = results.filter(({ expected, relation }) => relation && hides(expected));
  const groups = Map.groupBy(hidden, ({ caller, via, entry }) => `${caller} via ${via}, ${entry.on}`);
  return [...groups].flatMap(([title, group]) => {
    const answers = [...new Set(group.map(({ outcome }) => outcome.shown))];
    return answers.length > 1 ? [`${title}: foreign and missing differ: ${answers.join(" ≠ ")}`] : [];
  });
}

/** Finds responses that show texts or e-mail addresses of another practice. */
function leaks(result: Result, world: World): string[] {
  const found = secretsFrom(result, world).filter((secret) => result.outcome.shown.includes(secret));
  return found.map((secret) => `${titleOf(result)}: the answer shows "${secret}"`);
}

function secretsFrom({ caller }: Result, { mine, theirs, admin, grantedAdmin, spare }: World): string[] {
  const adminEmails = [admin, grantedAdmin, spare.admin].map(({ email }) => email);
  switch (caller) {
    // These callers may see the bookings of all users, but no texts.
    case "admin":
    case "account":
    case "service":
      return [...mine.texts, ...theirs.texts];
    case "granted admin":
      return theirs.texts;
    case "patient":
      return [...privateOf(theirs), mine.doctor.email, ...adminEmails];
    case "doctor":
      return [...privateOf(theirs), mine.patient.email, mine.grantReason, ...adminEmails];
    default:
      return [...privateOf(mine), ...privateOf(theirs), ...adminEmails];
  }
}

function privateOf({ texts, grantReason, ids, patient, doctor }: Practice): string[] {
  const { booking, consultation, prescription, payment, paidPayment, refund, blockedSlot } = ids;
  const things = [booking, consultation, prescription, payment, paidPayment, refund, blockedSlot];
  return [...texts, grantReason, ...things, patient.id, patient.email, patient.fullName, doctor.email];
}

/** Summarizes the outcomes by caller. */
export function summaryOf(results: Result[], seconds: number): string {
  const rpcs = new Set(results.map(({ name }) => name));
  const columns = [...Object.keys(DENIALS), "allowed"];
  const rows = [...Map.groupBy(results, ({ caller }) => caller)].map(([caller, group]) => {
    const counts = columns.map(
      (column) => group.filter(({ expected = "allowed" }) => expected === column).length,
    );
    return [caller, ...counts.map(String)];
  });
  const table = [["", ...columns], ...rows].map((row) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(16) : cell.padStart(22))).join(""),
  );
  return [
    `authorization matrix: ${rpcs.size} RPCs, ${results.length} calls in ${seconds.toFixed(1)} s`,
    ...table,
    "",
  ].join("\n");
}
