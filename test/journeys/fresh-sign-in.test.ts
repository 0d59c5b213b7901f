import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { refusal } from "../support/api.ts";
import { Grpc } from "../support/grpc.ts";
import { type SideProcess, startAuth, startGateway } from "../support/side-processes.ts";
import { sharedStack } from "../support/stack.ts";

const START_TIMEOUT_MS = 240_000;
const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const REFUSED = { status: 403, reason: "REAUTHENTICATION_REQUIRED" };

const stack = sharedStack();
const processes: SideProcess[] = [];
let admin: Account;
let patient: Account;
/** An auth process for which every sign-in is too old for changes that require a recent sign-in. */
let direct: Grpc;

beforeAll(async () => {
  const auth = await startAuth(stack, { REAUTHENTICATION_AGE: "1ms" });
  const gateway = await startGateway(stack, {}, auth.address);
  processes.push(gateway, auth);
  direct = new Grpc(auth.address);
  admin = await signUpAdmin(gateway.api, stack);
  patient = await signUp(gateway.api, "PATIENT");
}, START_TIMEOUT_MS);
afterAll(async () => {
  direct.close();
  await Promise.all(processes.map((process) => process.stop()));
}, START_TIMEOUT_MS);

test.each([
  "/v1/admin/service-accounts",
  `/v1/admin/service-accounts/${ID}:rotateSecret`,
  `/v1/admin/service-accounts/${ID}:enable`,
  `/v1/admin/users/${ID}:enable`,
  `/v1/admin/users/${ID}:resetMfa`,
  "/v1/admin/break-glass",
  `/v1/admin/dead-mails/${ID}:retry`,
  `/v1/admin/services/auth/dead-events/${ID}:replay`,
])("an admin who signed in long ago does not POST %s", async (path) => {
  expect(refusal(await admin.api.send(`POST ${path}`, { body: {} }))).toEqual(REFUSED);
});

test("revoking rights requires no fresh sign-in", async () => {
  for (const path of [`/v1/admin/users/${ID}:disable`, `/v1/admin/service-accounts/${ID}:disable`]) {
    expect(refusal(await admin.api.send(`POST ${path}`, { body: {} }))).toEqual({
      status: 404,
      reason: "NOT_FOUND",
    });
  }
});

test("setting up a second factor requires a fresh sign-in", async () => {
  expect(refusal(await patient.api.send("POST /v1/auth/mfa/totp"))).toEqual(REFUSED);
});

test("the same holds over gRPC", async () => {
  const { reason } = await direct.call("auth.v1.UserService/EnableUser", { userId: ID }, admin);
  expect(reason).toBe("REAUTHENTICATION_REQUIRED");
});
