import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DEMO_ACCOUNTS, DEMO_REGION, seed } from "../../deploy/local/seed.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";

let stack: OwnStack;
let api: Api;

/** With the setting under which a newcomer is most easily refused. */
beforeAll(async () => {
  stack = await startOwnStack({ JURISDICTION: "enforced" });
  api = new Api(stack.urls.gateway);
  await seed(stack);
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());

test("with jurisdiction enforced, a stranger finds the demo doctor by naming a region", async () => {
  const { doctors } = await api.ok(`GET /v1/doctors?region=${DEMO_REGION}`);
  const names = (doctors as Json[]).map(({ displayName }) => displayName);
  expect(names).toContain(DEMO_ACCOUNTS.doctor.fullName);
  expect(refusal(await api.send("GET /v1/doctors"))).toEqual({ status: 409, reason: "REGION_REQUIRED" });
});

test("where jurisdiction is enforced, the demo walks to its end", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "deploy/local/demo.ts",
    "--url",
    stack.urls.gateway,
  ]);
  expect(stdout).toContain("All of it was answered as it should be.");
}, 60_000);
