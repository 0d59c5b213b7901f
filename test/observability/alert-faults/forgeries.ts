import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { promisify } from "node:util";
import { credentials } from "@grpc/grpc-js";
import { filesIn } from "@medconnect/ops/certificates/certificate-folder.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { signUp } from "../../support/accounts.ts";
import { eventually } from "../../support/eventually.ts";
import { Grpc } from "../../support/grpc.ts";
import { book, DAY_MS, FEE, offer, openPractice } from "../../support/practice.ts";
import { serviceToken } from "../../support/service-token.ts";
import { type AlertFault, type Lab, schema, sql } from "./lab.ts";

const ROOT = join(import.meta.dirname, "../../..");
const inAnHour = () => new Date(Date.now() + 3_600_000);

/** Data that no service wrote, refused events, and accesses to look at. */
export const FORGERIES: readonly AlertFault[] = [
  {
    name: "clinical refuses events until they are dead",
    alerts: ["EventsDead"],
    begin: async (lab) => {
      const { stack } = lab.system;
      const rename = (from: string, to: string) =>
        sql(stack, "RENAME TABLE ??.?? TO ??.??", [schema("clinical"), from, schema("clinical"), to]);
      await rename("consultations", "consultations_away");
      return async () => {
        await rename("consultations_away", "consultations");
        await replayDead(lab);
      };
    },
  },
  {
    name: "something else writes an event into auth's outbox",
    alerts: ["EventForged"],
    begin: async ({ system: { stack } }) => {
      const id = randomUUID();
      await sql(
        stack,
        `INSERT INTO ??.outbox
           (id, aggregatetype, aggregateid, type, payload, mac, destination, create_time, available_time)
         VALUES (?, 'break_glass', ?, 'break_glass.granted', 'x', RANDOM_BYTES(32), 'clinical', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`,
        [schema("auth"), id, randomUUID()],
      );
      return () => sql(stack, "DELETE FROM ??.outbox WHERE id = ?", [schema("auth"), id]);
    },
  },
  {
    name: "something else writes a signing key",
    alerts: ["SigningKeyRefused"],
    begin: async ({ system: { stack } }) => {
      const { publicKey } = generateKeyPairSync("ed25519");
      await sql(
        stack,
        "INSERT INTO ??.signing_keys (kid, generation, public_key, create_time) VALUES ('forged', 0, ?, UTC_TIMESTAMP(3))",
        [schema("auth"), publicKey.export({ format: "jwk" }).x],
      );
      return () => sql(stack, "DELETE FROM ??.signing_keys WHERE kid = 'forged'", [schema("auth")]);
    },
  },
  {
    name: "something else writes a refresh token",
    alerts: ["CredentialRefused"],
    begin: async ({ system: { stack }, api, admin }) => {
      const [token, id] = [randomBytes(32).toString("base64url"), binaryId(randomUUID())];
      const hash = createHash("sha256").update(token).digest();
      await sql(
        stack,
        "INSERT INTO ??.sessions (id, user_id, auth_time, expire_time) VALUES (?, ?, NOW(3), ?)",
        [schema("auth"), id, binaryId(admin.id), inAnHour()],
      );
      await sql(
        stack,
        "INSERT INTO ??.refresh_tokens (token_hash, session_id, expire_time) VALUES (?, ?, ?)",
        [schema("auth"), hash, id, inAnHour()],
      );
      await api.send("POST /v1/auth/token:refresh", { body: { refreshToken: token } });
      return () => sql(stack, "DELETE FROM ??.sessions WHERE id = ?", [schema("auth"), id]);
    },
  },
  {
    name: "something else gives a booking to another patient",
    alerts: ["DecryptionRefused"],
    begin: async ({ system: { stack }, api }) => {
      const [owner, thief] = [await signUp(api, "PATIENT"), await signUp(api, "PATIENT")];
      const { id } = await book(owner, await offer(await openPractice(api), 2 * DAY_MS));
      const giveTo = (patientId: string) =>
        sql(stack, "UPDATE ??.bookings SET patient_id = ? WHERE id = ?", [
          schema("scheduling"),
          binaryId(patientId),
          binaryId(id),
        ]);
      await giveTo(thief.id);
      await thief.api.send(`GET /v1/bookings/${id}`);
      return () => giveTo(owner.id);
    },
  },
  {
    name: "billing reports an audit trail of a billion entries to its witness",
    alerts: ["CheckpointRefused"],
    begin: async (lab) => {
      const { reason } = await reportCheckpoint(lab, 1_000_000_000);
      if (reason !== "IMPLAUSIBLE_CHECKPOINT") throw new Error(`The witness answers ${reason}.`);
      return async () => {};
    },
  },
  {
    name: "an entry of the ledger is changed",
    alerts: ["LedgerOutOfBalance"],
    begin: async ({ system: { stack } }) => {
      const add = (minor: number) =>
        sql(
          stack,
          "UPDATE ??.ledger_entries SET debit_minor = debit_minor + ? WHERE debit_minor > 0 LIMIT 1",
          [schema("billing"), minor],
        );
      await add(1);
      return () => add(-1);
    },
  },
  {
    name: "a booking has another booking's payment",
    alerts: ["BookingsDisagree"],
    begin: async ({ system: { stack }, api }) => {
      const doctor = await openPractice(api, { fee: FEE });
      const patient = await signUp(api, "PATIENT");
      const [own, other] = [await paid(doctor, patient, 3), await paid(doctor, patient, 4)];
      const setPayment = (paymentId: string) =>
        sql(stack, "UPDATE ??.bookings SET payment_id = ? WHERE id = ?", [
          schema("scheduling"),
          binaryId(paymentId),
          binaryId(own.id),
        ]);
      await setPayment(other.paymentId);
      return () => setPayment(own.paymentId);
    },
  },
  {
    name: "an admin breaks glass",
    alerts: ["GlassBroken"],
    begin: async ({ api, admin }) => {
      const { id } = await signUp(api, "PATIENT");
      const body = { patientId: id, reason: "The patient is unconscious" };
      await admin.api.ok("POST /v1/admin/break-glass", { body });
      return async () => {};
    },
  },
];

/** Books and pays a slot that starts in some days. */
export async function paid(
  doctor: Awaited<ReturnType<typeof openPractice>>,
  patient: Awaited<ReturnType<typeof signUp>>,
  days: number,
  paymentMethod = "pm_card_visa",
) {
  const booking = await book(patient, await offer(doctor, days * DAY_MS));
  const authorize = () =>
    patient.api.send(`POST /v1/payments/${booking.paymentId}:authorize`, {
      key: true,
      body: { paymentMethod },
    });
  // Billing learns of the booking by an event.
  await eventually(authorize, ({ status }) => status === 200);
  return booking;
}

/** Revives all dead events of scheduling, as an operator does after the cause is gone. */
async function replayDead({ system: { stack } }: Lab): Promise<void> {
  const args = ["ops/outbox.ts", "replay", "--all"];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: stack.processes.scheduling.env });
}

/** Calls RecordCheckpoint of auth, which is billing's witness, with billing's certificate and token. */
async function reportCheckpoint({ system: { stack } }: Lab, seq: number) {
  const { cert, key, ca } = filesIn(join(stack.certificates!, "billing"));
  const context = createSecureContext({
    cert: readFileSync(cert),
    key: readFileSync(key),
    ca: readFileSync(ca),
  });
  const client = new Grpc(stack.addresses.auth, {
    security: credentials.createFromSecureContext(context),
    serverName: "auth",
  });
  const { internalKey } = JSON.parse(readFileSync(join(stack.dataDir, "secrets.json"), "utf8"));
  const token = await serviceToken("billing", "auth", { key: Buffer.from(internalKey, "base64") });
  const request = { seq: String(seq), hmac: randomBytes(32) };
  return await client
    .call("audit.v1.AuditService/RecordCheckpoint", request, { token })
    .finally(() => client.close());
}
