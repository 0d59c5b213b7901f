import { execFile } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type ClientKeyInput,
  MedConnect,
  memoryTokens,
  serviceAccount,
  userSession,
} from "@medconnect/client";
import { type Account, PASSWORD, signUpAdmin } from "../support/accounts.ts";
import { Api, refused } from "../support/api.ts";
import { Authenticator } from "../support/authenticator.ts";
import { eventually } from "../support/eventually.ts";
import { DAY_MS, offer, openPractice } from "../support/practice.ts";
import { makeServiceAccount } from "../support/service-account.ts";
import { sharedStack } from "../support/stack.ts";

const CLI = join(import.meta.dirname, "../../clients/typescript/src/cli/main.ts");
const MINUTE_MS = 60_000;

const stack = sharedStack();
const baseUrl = stack.urls.gateway;
const newEmail = () => `client-${randomUUID().slice(0, 8)}@example.org`;

let doctor: Account;
let slotIds: string[];

beforeAll(async () => {
  doctor = await openPractice(new Api(baseUrl), { specialty: `Specialty ${randomUUID().slice(0, 8)}` });
  slotIds = [await offer(doctor, DAY_MS), await offer(doctor, 2 * DAY_MS)];
});

test("the client registers, signs in with a second factor, searches, books and cancels", async () => {
  const medconnect = new MedConnect({ baseUrl });
  const email = newEmail();
  await medconnect.register({ email, password: PASSWORD, fullName: "Pat Patient", role: "PATIENT" });
  await medconnect.login({ email, password: PASSWORD });
  const { secret } = await medconnect.setUpTotp();
  const authenticator = new Authenticator(secret);
  await medconnect.activateTotp({ code: authenticator.next() });
  await medconnect.logout();
  expect(await refused(medconnect.getMe())).toEqual({ status: 401, reason: "UNAUTHENTICATED" });

  const answer = await medconnect.login({ email, password: PASSWORD });
  if (!("mfaChallenge" in answer)) throw new Error("the login did not ask for the second factor");
  const { mfaToken } = answer.mfaChallenge;
  await medconnect.verifyMfa({ mfaToken, code: authenticator.next() });
  const { specialty } = await doctor.client.getDoctor({ doctorId: doctor.id });
  const found: string[] = [];
  for await (const { id } of medconnect.searchDoctors({ specialty, pageSize: 1 })) found.push(id);
  expect(found).toEqual([doctor.id]);
  const listed: string[] = [];
  for await (const { id } of medconnect.listSlots({ doctorId: doctor.id, pageSize: 1 })) listed.push(id);
  expect(listed).toEqual(slotIds);

  const slotId = slotIds[0]!;
  const { data: booking, info } = await medconnect.createBooking({ slotId }).withInfo();
  expect(booking).toMatchObject({ slotId, status: "CONFIRMED" });
  const { idempotencyKey } = info;
  expect(await medconnect.createBooking({ slotId }, { idempotencyKey })).toEqual(booking);
  expect(await refused(medconnect.createBooking({ slotId }))).toEqual({
    status: 409,
    reason: "SLOT_UNAVAILABLE",
  });
  const cancelled = await medconnect.cancelBooking({ bookingId: booking.id, reason: "Better" });
  expect(cancelled.status).toBe("CANCELLED");
});

test("an update is refused if the resource has changed since it was read", async () => {
  const { client, id: doctorId } = doctor;
  const read = await client.getDoctor({ doctorId });
  await client.updateDoctor({ doctorId, doctor: { bio: "Hearts." } }, { ifMatch: read });
  const again = client.updateDoctor({ doctorId, doctor: { bio: "Lungs." } }, { ifMatch: read });
  await expect(again).rejects.toMatchObject({ preconditionFailed: true, reason: "ETAG_MISMATCH" });
});

test("clients that share tokens keep their session through concurrent refreshes", async () => {
  const tokens = memoryTokens();
  const clients = Array.from(
    { length: 5 },
    () => new MedConnect({ baseUrl, credentials: userSession(tokens) }),
  );
  await clients[0]!.login({ email: doctor.email, password: PASSWORD });
  for (let round = 0; round < 3; round++) {
    const old = await tokens.read();
    await tokens.write({ ...old!, expireTimeMs: Date.now() - MINUTE_MS });
    await Promise.all(clients.flatMap((client) => [client.getMe(), client.listBookings()]));
    expect((await tokens.read())!.refreshToken).not.toBe(old!.refreshToken);
  }
});

test("a service account exports the audit trail line by line", async () => {
  const admin = await signUpAdmin(new Api(baseUrl), stack);
  const { id: clientId, secret: clientSecret } = await makeServiceAccount(admin);
  const credentials = serviceAccount({ clientId, clientSecret, scopes: ["admin.audit_events.read"] });
  const system = new MedConnect({ baseUrl, credentials });
  const oneAFile = { action: "slot.create", actorId: doctor.id, pageSize: 1 };
  const exported = await eventually(
    async () => {
      const ids: string[] = [];
      for await (const event of system.exportAuditEvents(oneAFile)) ids.push(event.actorId);
      return ids;
    },
    ({ length }) => length === 2,
  );
  expect(exported).toEqual([doctor.id, doctor.id]);
});

test.each([
  ["ES256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
  ["EdDSA", () => generateKeyPairSync("ed25519")],
])("a service account signs in with a key for %s", async (_algorithm, makeKeys) => {
  const api = new Api(baseUrl);
  const admin = await signUpAdmin(api, stack);
  const { publicKey, privateKey } = makeKeys();
  const [publicJwk, privateJwk] = [publicKey, privateKey].map((key) => key.export({ format: "jwk" }));
  const kid = randomUUID();
  const { id: clientId } = await admin.client.createServiceAccount({
    serviceAccount: {
      name: `System ${kid}`,
      scopes: ["admin.stats.read"],
      jwks: { keys: [{ ...publicJwk, kid } as ClientKeyInput] },
    },
  });
  const { token_endpoint: audience } = await api.ok("GET /.well-known/oauth-authorization-server");
  const system = new MedConnect({
    baseUrl,
    credentials: serviceAccount({
      clientId,
      privateKey: { ...privateJwk, kid },
      audience: String(audience),
    }),
  });
  expect(await system.getStats()).toMatchObject({ unavailable: [] });
});

describe("the command line", () => {
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "medconnect-cli-"));
  });
  afterAll(() => rm(home, { recursive: true }));

  /** Runs `medconnect`. @returns its answer as JSON, or its error */
  const medconnect = (args: string[], input = "") =>
    new Promise<Record<string, unknown>>((resolve) => {
      const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: home, MEDCONNECT_SERVER: baseUrl };
      const child = execFile(process.execPath, [CLI, ...args], { env }, (error, stdout, stderr) =>
        resolve(error ? { code: error.code, stderr } : JSON.parse(stdout || "{}")),
      );
      child.stdin?.end(input);
    });

  test("registers, signs in with a second factor, searches, books and cancels", async () => {
    const email = newEmail();
    const password = `${PASSWORD}\n`;
    const account = ["--email", email, "--full-name", "Pat Patient", "--role", "PATIENT"];
    expect(await medconnect(["register", ...account], password)).toMatchObject({ email });
    await medconnect(["login", email], password);
    const { secret } = await medconnect(["set-up-totp"]);
    const authenticator = new Authenticator(String(secret));
    await medconnect(["activate-totp", "--code", authenticator.next()]);
    await medconnect(["logout"]);
    expect(await medconnect(["whoami"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Sign in: medconnect login"),
    });

    await medconnect(["login", email], `${password}${authenticator.next()}\n`);
    const { specialty } = await doctor.client.getDoctor({ doctorId: doctor.id });
    expect(await medconnect(["search-doctors", "--specialty", specialty])).toMatchObject({
      doctors: [{ id: doctor.id }],
    });
    const booking = await medconnect(["create-booking", "--slot-id", slotIds[1]!]);
    expect(booking).toMatchObject({ status: "CONFIRMED" });
    expect(await medconnect(["create-booking", "--slot-id", slotIds[1]!])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^SLOT_UNAVAILABLE: .*\nMore: .*\/docs\/errors#SLOT_UNAVAILABLE {2}Request id: /,
      ),
    });
    expect(await medconnect(["cancel-booking", String(booking.id)])).toMatchObject({ status: "CANCELLED" });
  });
});
