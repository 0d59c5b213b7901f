import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { contractRoutes } from "../testing/routes.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const COMPLETE = `/v1/consultations/${ID}:complete`;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const post = async (path: string, body: string) =>
  await gateway.send("POST", path, { headers: await gateway.signedIn("DOCTOR"), body });

/** Writes all characters beyond ASCII as escapes, as some clients do. */
const escaped = (text: string) =>
  text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

test("routes with clinical text accept 1 MiB, all others 100 KiB", () => {
  const large = contractRoutes.filter(({ binding }) => binding.bodyLimit > 100 * 1024);
  expect(new Set(large.map(({ binding }) => binding.bodyLimit))).toEqual(new Set([1024 * 1024]));
  expect(large.map(({ method }) => method.name)).toEqual(
    expect.arrayContaining(["CompleteConsultation", "CreateAddendum", "CreatePrescription"]),
  );
  const others = large.filter(({ method }) => method.owner !== "clinical");
  // A schedule may have 400 overrides of single days.
  expect(others.map(({ method }) => method.name)).toEqual(["ReplaceSchedule"]);
});

test.each([
  ["18,000 CJK characters", "語".repeat(18_000)],
  ["20,000 characters beyond U+FFFF", "😀".repeat(20_000)],
])("notes of %s arrive unchanged with every character escaped", async (_title, notes) => {
  const body = escaped(`{"notes":"${notes}"}`);
  expect(body.length).toBeGreaterThan(100 * 1024);
  expect((await post(COMPLETE, body)).status).toBe(200);
  expect(gateway.stubs.calls.at(-1)?.request.notes).toBe(notes);
});

describe("413 has the limit", () => {
  test.each([
    ["/v1/bookings", 100],
    [COMPLETE, 1024],
    ["/v1/webhooks/payments/stripe", 100],
  ])("of %s, %i KiB", async (path, kib) => {
    const atLimit = await post(path, "x".repeat(kib * 1024));
    expect(atLimit.status).not.toBe(413);
    const beyond = await post(path, "x".repeat(kib * 1024 + 1));
    expect(beyond.json).toMatchObject({
      status: 413,
      reason: "BODY_TOO_LARGE",
      detail: `The body is larger than ${kib} KiB, the limit of this route.`,
      metadata: { maxBytes: String(kib * 1024) },
    });
  });
});

test.each([
  ["nested arrays", "[".repeat(500_000) + "]".repeat(500_000)],
  ["nested objects", `${'{"notes":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["unknown names", `{${Array.from({ length: 90_000 }, (_, i) => `"a${i}":1`).join(",")}}`],
  ["one repeated name", `{${'"notes":"",'.repeat(90_000)}"notes":""}`],
  ["a deep value of a known name", `{"notes":${"[".repeat(500_000)}${"]".repeat(500_000)}}`],
  ["escapes", `{"notes":"${"\\u0041".repeat(170_000)}"}`],
])("1 MiB of %s does no harm", async (title, body) => {
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1024 * 1024);
  const { status } = await post(COMPLETE, body);
  expect([title, status]).toEqual([title, title === "escapes" ? 200 : 400]);
});
