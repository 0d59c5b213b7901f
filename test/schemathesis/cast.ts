import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "@medconnect/dev/stack/stack.ts";
import { SCHEMA_PREFIX } from "@medconnect/ops/schemas/provision.ts";
import { decodeJwt } from "jose";
import { makeWorld, type Role, type World } from "../security/world.ts";
import { type Account, logIn, PASSWORD } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { licenseAt } from "../support/licensing.ts";
import { type Booked, begin, book, MINUTE_MS, offer } from "../support/practice.ts";

export type { Role };
export const ROLES: readonly Role[] = ["patient", "doctor", "admin"];

/** Accounts of a run. Calls that would end the session of `main` are sent as one of the others. */
interface Accounts {
  main: Account;
  /** Account whose sessions end. */
  leaving: Account;
  /** Account whose password and second factor change. */
  changing: Account;
}

/**
 * Creates accounts and records for a run, and writes them into the folder: `cast.json` for hooks.py, and for
 * each parameter that takes an id the file of its dictionary.
 */
export async function writeCast(role: Role, stack: Stack, folder: string): Promise<void> {
  licenseAt(stack, SCHEMA_PREFIX);
  const world = await makeWorld(stack);
  const { patient, doctor } = world.mine;
  const upcoming = await bookSoon(world);
  if (role === "doctor") await begin(patient, doctor, upcoming.consultationId);
  const accounts = accountsOf(world, role);
  const { token } = await logIn(new Api(stack.urls.gateway), accounts.leaving);
  const ids = {
    ...idsOf(world, upcoming),
    sessionId: [decodeJwt<{ sid: string }>(token).sid],
  };
  mkdirSync(join(folder, "ids"), { recursive: true });
  for (const [name, values] of Object.entries(ids)) {
    const lines = values.map((value) => `"${value}"`);
    writeFileSync(join(folder, "ids", `${name}.txt`), `${lines.join("\n")}\n`);
  }
  const cast = {
    url: stack.urls.gateway,
    emails: Object.fromEntries(Object.entries(accounts).map(([name, { email }]) => [name, email])),
    password: PASSWORD,
    accountIds: Object.values(accounts).map(({ id }) => id),
    serviceAccount: { id: world.account.id, secret: world.account.secret },
  };
  writeFileSync(join(folder, "cast.json"), JSON.stringify(cast));
}

/** Books and pays an appointment that starts so soon that the patient can join. */
async function bookSoon({ mine: { patient, doctor } }: World): Promise<Booked> {
  const booked = await book(patient, await offer(doctor, MINUTE_MS, 5 * MINUTE_MS));
  const authorize = `POST /v1/payments/${booked.paymentId}:authorize`;
  await eventually(
    () => patient.api.send(authorize, { key: true, body: { paymentMethod: "pm_card_visa" } }),
    ({ status }) => status === 200,
  );
  return booked;
}

function accountsOf({ mine, theirs, admin, grantedAdmin, spare }: World, role: Role): Accounts {
  const leaving = spare[role];
  if (role === "admin") return { main: grantedAdmin, leaving, changing: admin };
  return { main: mine[role], leaving, changing: theirs[role] };
}

/** Ids of records that the users may read, by the name of the parameter that takes them. */
const idsOf = ({ mine: { ids } }: World, upcoming: Booked): Record<string, string[]> => ({
  bookingId: [ids.booking, upcoming.id],
  consultationId: [ids.consultation, upcoming.consultationId],
  doctorId: [ids.doctor],
  eventId: [ids.deadEvent],
  grantId: [ids.grant],
  licenseId: [ids.license],
  mailId: [ids.deadMail],
  patientId: [ids.patient],
  paymentId: [ids.payment, ids.paidPayment, upcoming.paymentId],
  prescriptionId: [ids.prescription],
  refundId: [ids.refund],
  serviceAccountId: [ids.serviceAccount],
  slotId: [ids.openSlot, ids.bookableSlot, ids.blockedSlot],
  userId: [ids.bystander, ids.patient],
});
