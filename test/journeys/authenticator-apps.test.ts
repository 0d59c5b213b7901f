import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Account, mfaTokenOf, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import {
  type AuthenticatorTools,
  findAuthenticatorTools,
  TOOLS_TIMEOUT_MS,
} from "../support/authenticator-tools.ts";
import { sharedStack } from "../support/stack.ts";

const STEP_MS = 30_000;
const PNG = "data:image/png;base64,";

const api = new Api(sharedStack().urls.gateway);
/** Programs that compute the codes of an authenticator app. Undefined if they cannot be installed. */
let tools: AuthenticatorTools | undefined;
let folder: string;
let patient: Account;
let setup: Json;

beforeAll(async () => {
  tools = await findAuthenticatorTools();
  folder = await mkdtemp(join(tmpdir(), "medconnect-qr-"));
  patient = await signUp(api, "PATIENT");
  setup = await patient.client.setUpTotp();
}, TOOLS_TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("another program reads the URI from the QR code", async () => {
  if (!tools) return;
  const { qrCode, otpauthUri } = setup;
  expect(qrCode).toMatch(new RegExp(`^${PNG}`));
  const file = join(folder, "qr.png");
  await writeFile(file, Buffer.from(String(qrCode).slice(PNG.length), "base64"));
  expect(await tools.readQrCode(file)).toBe(otpauthUri);
});

test("another program's codes activate the second factor and sign in", async () => {
  if (!tools) return;
  const secret = new URL(String(setup.otpauthUri)).searchParams.get("secret")!;
  const now = new Date();
  const body = { code: await tools.codeAt(secret, now) };
  await patient.client.activateTotp(body);
  const { email } = patient;
  const mfaToken = await mfaTokenOf(api, { email });
  // Uses the code of the next time step, because auth accepts each code only once. Auth accepts the code
  // early, to allow for clock differences.
  const code = await tools.codeAt(secret, new Date(now.getTime() + STEP_MS));
  const tokens = await api.client.verifyMfa({ mfaToken, code });
  expect(tokens).toMatchObject({ tokenType: "Bearer" });
});
