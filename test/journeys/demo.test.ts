import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MedConnect } from "@medconnect/client";
import { DEMO_ACCOUNTS, DEMO_PASSWORD, DEMO_REGION, seed } from "@medconnect/dev/stack/seed.ts";
import { Api, refusal } from "../support/api.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { blocksOf, runCommands, runScript } from "../support/samples.ts";

let stack: OwnStack;
let api: Api;

/** Starts a system that refuses searches by patients without a region. */
beforeAll(async () => {
  stack = await startOwnStack({ JURISDICTION: "enforced" });
  api = new Api(stack.urls.gateway);
  await seed(stack);
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());

test("with jurisdiction enforced, an anonymous caller finds the demo doctor by a region", async () => {
  const { doctors } = await api.client.searchDoctors({ region: DEMO_REGION });
  const names = doctors.map(({ displayName }) => displayName);
  expect(names).toContain(DEMO_ACCOUNTS.doctor.fullName);
  expect(refusal(await api.send("GET /v1/doctors"))).toEqual({ status: 409, reason: "REGION_REQUIRED" });
});

test("with jurisdiction enforced, the demo succeeds", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "dev/demo.ts",
    "--url",
    stack.urls.gateway,
  ]);
  expect(stdout).toContain("Every response was as expected.");
}, 60_000);

/** Runs the `bash` blocks of a document in a new shell and folder. Replaces `text` by `by` in the blocks. */
async function walk(
  document: string,
  text: string,
  by: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const markdown = await readFile(join(import.meta.dirname, "../..", document), "utf8");
  const script = [...markdown.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, commands]) => commands).join("");
  expect(script).toContain(text);
  const cwd = await mkdtemp(join(tmpdir(), "medconnect-walk-"));
  await mkdir(join(cwd, ".local"));
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    MEDCONNECT_SERVER: stack.urls.gateway,
  };
  const helpers = join(import.meta.dirname, "../../docs/walk.sh");
  const commands = script.replace("docs/walk.sh", helpers).replace(text, by);
  return promisify(execFile)("bash", ["-c", commands], { cwd, env })
    .then((outcome) => ({ code: 0, ...outcome }))
    .catch(({ code, stdout, stderr }) => ({ code, stdout, stderr }))
    .finally(() => rm(cwd, { recursive: true }));
}

test("the tutorial's script stops at the first failed call, with its exit code", async () => {
  const { code, stderr } = await walk(
    "docs/tutorial.md",
    'Bearer $admin" -H "$json"',
    'Bearer nobody" -H "$json"',
  );
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/"reason":"UNAUTHENTICATED"[^\n]*\n$/);
  const withoutSlot = await walk("docs/tutorial.md", '\\"endTime\\":', '\\"endingTime\\":');
  expect(withoutSlot.code).not.toBe(0);
  expect(withoutSlot.stdout).not.toContain("consultationId");
});

test("the tutorial's script succeeds, and again", async () => {
  for (const size of [6, 7]) {
    const { code, stdout } = await walk("docs/tutorial.md", "pageSize=5", `pageSize=${size}`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('"auditEvents"') });
    expect(stdout).toMatch(/^(\{.*\}\n)+$/);
  }
});

test("the README's example books an appointment, as often as one likes", async () => {
  for (const cold of ["A cold", "A fever", "A rash", "A burn", "A bite"]) {
    const { code, stdout } = await walk("README.md", "A cough", cold);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('"status": "CONFIRMED"') });
    expect(stdout).toContain('"status": "CANCELLED"');
  }
});

test("the README's example stops at the first failed call, and shows its answer", async () => {
  const { code, stdout, stderr } = await walk("README.md", "pm_card_visa", "pm_card_declined");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^\{.*"reason":"PAYMENT_DECLINED".*\}$/m);
});

test.each([
  ["README.md", "query=dana", "query=nobody", "doctors[0].id"],
  ["docs/tutorial.md", "licenses[0].doctorName", "licenses[99].doctorName", "licenses[99].doctorName"],
])("without a result, the script of %s says what to do", async (document, text, by, field) => {
  const { code, stderr } = await walk(document, text, by);
  expect(code).toBe(1);
  const [line, advice, end] = stderr.split("\n").slice(-3);
  expect(line?.startsWith(`No ${field} in {"`)).toBe(true);
  expect([advice, end]).toEqual([expect.stringMatching(/^npm start adds missing demo data: /), ""]);
});

describe.each(["README.md", "clients/typescript/README.md"])(
  "the samples of %s run twice in a row",
  (document) => {
    test("for the command line", async () => {
      const [block = ""] = await blocksOf(document, "sh", "medconnect login");
      const target = { api: stack.urls.gateway, password: DEMO_PASSWORD };
      for (const _run of [1, 2]) {
        expect(await runCommands(block, target)).toMatchObject({
          status: "CANCELLED",
          feeDecision: "RELEASE",
        });
      }
    });

    test("for TypeScript", async () => {
      const [block = ""] = await blocksOf(document, "ts", 'baseUrl: "http');
      const target = { api: stack.urls.gateway, password: DEMO_PASSWORD };
      for (const _run of [1, 2]) expect(await runScript(block, target)).toContain("status: 'CONFIRMED'");
    });
  },
);

test("without a sign-in of the demo doctor, the demo data is incomplete, and the start says how to mend it", async () => {
  const { email } = DEMO_ACCOUNTS.doctor;
  const doctor = new MedConnect({ baseUrl: stack.urls.gateway });
  const other = "another passphrase, with a comma";
  await doctor.login({ email, password: DEMO_PASSWORD });
  await doctor.changePassword({ currentPassword: DEMO_PASSWORD, newPassword: other });
  await expect(seed(stack)).rejects.toThrow(
    `${email} has another passphrase now, or a second factor. npm start -- --reset makes new data.`,
  );
  await doctor.login({ email, password: other });
  await doctor.changePassword({ currentPassword: other, newPassword: DEMO_PASSWORD });
  await seed(stack);
});
