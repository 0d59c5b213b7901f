import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { type Account, logIn, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { begin, book, DAY_MS, FEE, HOUR_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { makeServiceAccount, type ServiceAccount } from "../support/service-account.ts";
import { sharedStack } from "../support/stack.ts";

/** Roles that own an object of each kind; to others it is foreign. */
export const OWNERS = {
  /** Held, not paid. */
  booking: ["patient", "doctor"],
  consultation: ["patient", "doctor"],
  prescription: ["patient", "doctor"],
  /** Requires an authorization. */
  payment: ["patient"],
  /** Captured, and refunded in part. */
  paidPayment: ["patient"],
  refund: ["patient"],
  /** Public, and never booked. */
  openSlot: ["doctor"],
  /** Public until it is booked. */
  bookableSlot: ["doctor"],
  /** Visible to its doctor only. */
  blockedSlot: ["doctor"],
  doctor: ["doctor"],
  /** A pending licence beside the verified one, for an admin's decision. */
  license: ["doctor"],
  patient: ["patient"],
  /** Session on another device. */
  session: ["patient"],
  /** Account that makes no calls, because an admin may disable it. */
  bystander: [],
  /** Another admin's grant for the practice's patient. */
  grant: [],
  /** Service account that makes no calls. */
  serviceAccount: [],
} as const satisfies Record<string, readonly Role[]>;

export type Thing = keyof typeof OWNERS;
export type Role = "patient" | "doctor" | "admin";

/** A patient and a doctor with their objects. */
export interface Practice {
  patient: Account;
  doctor: Account;
  ids: Record<Thing, string>;
  /** Texts that only the patient and the doctor may read. */
  texts: string[];
  /** Reason of an admin's grant for the patient; for admins and the patient. */
  grantReason: string;
}

/** Two separate practices, an admin, and accounts whose sessions may end. */
export interface World {
  mine: Practice;
  theirs: Practice;
  admin: Account;
  /** Admin with a break-glass grant for the patient of `mine`. */
  grantedAdmin: Account;
  /** Internal system with every scope. */
  account: ServiceAccount;
  spare: Record<Role, Account>;
}

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
/** Start of the slots that stay open. It is later than all slots that the matrix creates. */
const FAR_MS = 20 * DAY_MS;
/** Time until several services have applied an event on a busy machine. */
const SETTLED_WITHIN_MS = 60_000;

export async function makeWorld(): Promise<World> {
  const [mine, theirs, admin, grantedAdmin, spareAdmin, patient, doctor] = await Promise.all([
    makePractice(),
    makePractice(),
    signUpAdmin(api, stack),
    signUpAdmin(api, stack),
    signUpAdmin(api, stack),
    signUp(api, "PATIENT"),
    openPractice(api),
  ]);
  const [one, other] = await Promise.all([refundPart(admin, mine), refundPart(admin, theirs)]);
  mine.ids.refund = one;
  theirs.ids.refund = other;
  mine.ids.grant = await breakGlass(spareAdmin, mine);
  theirs.ids.grant = await breakGlass(spareAdmin, theirs);
  await breakGlass(grantedAdmin, mine);
  await eventually(
    () => grantedAdmin.api.send(`GET /v1/consultations/${mine.ids.consultation}`),
    ({ status }) => status === 200,
    SETTLED_WITHIN_MS,
  );
  const [account, mySystem, theirSystem] = await Promise.all([
    makeServiceAccount(spareAdmin),
    makeServiceAccount(spareAdmin),
    makeServiceAccount(spareAdmin),
  ]);
  mine.ids.serviceAccount = mySystem.id;
  theirs.ids.serviceAccount = theirSystem.id;
  return { mine, theirs, admin, grantedAdmin, account, spare: { patient, doctor, admin: spareAdmin } };
}

async function makePractice(): Promise<Practice> {
  const [doctor, patient, bystander] = await Promise.all([
    openPractice(api, { fee: FEE }),
    signUp(api, "PATIENT"),
    signUp(api, "PATIENT"),
  ]);
  const text = (what: string) => `${what} ${randomUUID()}`;
  const texts = {
    reason: text("reason"),
    held: text("reason"),
    notes: text("notes"),
    added: text("added"),
    content: text("content"),
  };

  const paid = await book(patient, await offer(doctor, SOON_MS), texts.reason);
  const consultation = `/v1/consultations/${paid.consultationId}`;
  await untilDone(patient, `POST /v1/payments/${paid.paymentId}:authorize`, {
    paymentMethod: "pm_card_visa",
  });
  await begin(patient, doctor, paid.consultationId);
  await doctor.api.ok(`POST ${consultation}:complete`, { body: { notes: texts.notes } });
  await doctor.api.ok(`POST ${consultation}/addenda`, { body: { text: texts.added } });
  const prescription = await doctor.api.ok(`POST ${consultation}/prescriptions`, {
    key: true,
    body: { content: texts.content },
  });
  const held = await book(patient, await offer(doctor, 5 * DAY_MS), texts.held);
  const [openSlot, bookableSlot, blockedSlot] = [
    await offer(doctor, FAR_MS),
    await offer(doctor, FAR_MS + HOUR_MS),
    await offer(doctor, FAR_MS + 2 * HOUR_MS),
  ];
  await doctor.api.ok(`POST /v1/slots/${blockedSlot}:block`);
  const license = await doctor.api.ok(`POST /v1/doctors/${doctor.id}/licenses`, {
    body: { number: randomUUID(), region: "DE" },
  });
  // The end of the consultation captures the payment.
  await untilStatus(patient, `/v1/payments/${paid.paymentId}`, "CAPTURED");
  await untilStatus(patient, `/v1/bookings/${paid.id}`, "COMPLETED");
  await untilStatus(patient, `/v1/payments/${held.paymentId}`, "REQUIRES_AUTHORIZATION");
  return {
    patient,
    doctor,
    texts: Object.values(texts),
    grantReason: text("Found unconscious"),
    ids: {
      booking: held.id,
      consultation: paid.consultationId,
      prescription: String(prescription.id),
      payment: held.paymentId,
      paidPayment: paid.paymentId,
      refund: "",
      openSlot,
      bookableSlot,
      blockedSlot,
      doctor: doctor.id,
      license: String(license.id),
      patient: patient.id,
      session: decodeJwt<{ sid: string }>((await logIn(api, patient)).token).sid,
      bystander: bystander.id,
      grant: "",
      serviceAccount: "",
    },
  };
}

/**
 * Refunds a part of the captured payment, and waits until the refund has succeeded.
 *
 * @returns the refund's id
 */
async function refundPart({ api: asAdmin }: Account, { ids }: Practice): Promise<string> {
  const refunds = `/v1/payments/${ids.paidPayment}/refunds`;
  const { id } = await asAdmin.ok(`POST ${refunds}`, {
    key: true,
    body: { amountMinor: "100", reason: "Goodwill" },
  });
  await eventually(
    () => asAdmin.ok(`GET ${refunds}/${id}`),
    ({ status }) => status === "SUCCEEDED",
    SETTLED_WITHIN_MS,
  );
  return String(id);
}

/** @returns the id of a grant for the practice's patient */
async function breakGlass({ api: asAdmin }: Account, { ids, grantReason }: Practice): Promise<string> {
  const body = { patientId: ids.patient, reason: grantReason };
  return String((await asAdmin.ok("POST /v1/admin/break-glass", { body })).id);
}

/** Sends a call whose service may still have to receive an event. */
async function untilDone({ api: own }: Account, call: string, body = {}): Promise<void> {
  const send = () => own.send(call, { key: true, body });
  await eventually(send, ({ status }) => status === 200, SETTLED_WITHIN_MS);
}

async function untilStatus({ api: own }: Account, path: string, status: string): Promise<void> {
  await eventually(
    () => own.send(`GET ${path}`),
    (answer) => answer.body.status === status,
    SETTLED_WITHIN_MS,
  );
}
