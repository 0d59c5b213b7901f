import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { type Account, logIn, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { addDeadLetters, deleteDeadLetters } from "../support/dead-letters.ts";
import { eventually } from "../support/eventually.ts";
import { begin, book, DAY_MS, FEE, HOUR_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { makeServiceAccount, type ServiceAccount } from "../support/service-account.ts";
import { type Running, sharedStack } from "../support/stack.ts";

/** For each kind of object, the roles that own it. For all other callers, the object is foreign. */
export const OWNERS = {
  /** A booking that holds its slot, and is not paid yet. */
  booking: ["patient", "doctor"],
  consultation: ["patient", "doctor"],
  prescription: ["patient", "doctor"],
  /** A payment that the patient has not authorized yet. */
  payment: ["patient"],
  /** A captured payment, of which a part was refunded. */
  paidPayment: ["patient"],
  refund: ["patient"],
  /** An open slot, which everybody sees, and which no test books. */
  openSlot: ["doctor"],
  /** An open slot, which everybody sees until a test books it. */
  bookableSlot: ["doctor"],
  /** A slot that only its doctor sees. */
  blockedSlot: ["doctor"],
  doctor: ["doctor"],
  /** A licence that awaits an admin's decision. The doctor also has a verified one. */
  license: ["doctor"],
  patient: ["patient"],
  /** A second session of the patient. */
  session: ["patient"],
  /** An account that makes no calls, because an admin may disable it. */
  bystander: [],
  /** Grant of emergency access ("break glass") to the patient of the practice, which another admin has. */
  grant: [],
  /** A service account that makes no calls. */
  serviceAccount: [],
  /** An event that no service has received. It stays, even after a replay. */
  deadEvent: [],
  /** A mail to the bystander that cannot be sent. It stays, even after a retry. */
  deadMail: [],
} as const satisfies Record<string, readonly Role[]>;

export type Thing = keyof typeof OWNERS;
export type Role = "patient" | "doctor" | "admin";

/** A patient and a doctor who have met, with all objects that belong to them. */
export interface Practice {
  patient: Account;
  doctor: Account;
  ids: Record<Thing, string>;
  /** Texts of the consultation, which only the patient and the doctor may read. */
  texts: string[];
  /**
   * Reason that an admin gave for emergency access to the patient. Only admins and the patient may read it.
   */
  grantReason: string;
}

/**
 * Two practices that are independent of each other, an admin, and `spare` accounts whose sessions may end.
 */
export interface World {
  mine: Practice;
  theirs: Practice;
  admin: Account;
  /** An admin with emergency access (a break-glass grant) to the patient of `mine`. */
  grantedAdmin: Account;
  /** Service account of an internal system, with every scope. */
  account: ServiceAccount;
  spare: Record<Role, Account>;
}

/** Start of the slots that stay open, from now: later than all slots that the matrix creates. */
const FAR_MS = 20 * DAY_MS;
/** Maximum time until several services have processed an event. Only a busy machine needs that long. */
const SETTLED_WITHIN_MS = 60_000;

/** Creates a world. @param stack default: the system of `npm test` */
export async function makeWorld(stack: Running = sharedStack()): Promise<World> {
  const api = new Api(stack.urls.gateway);
  const [mine, theirs, admin, grantedAdmin, spareAdmin, patient, doctor] = await Promise.all([
    makePractice(api, stack),
    makePractice(api, stack),
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

/** Deletes the dead letters of a world on the system of `npm test`, because no call can. */
export async function leaveWorld({ mine, theirs }: World): Promise<void> {
  for (const { ids } of [mine, theirs])
    await deleteDeadLetters(sharedStack(), { event: ids.deadEvent, mail: ids.deadMail });
}

async function makePractice(api: Api, stack: Running): Promise<Practice> {
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
  // Waits for the capture, which the end of the consultation triggers.
  await untilStatus(patient, `/v1/payments/${paid.paymentId}`, "CAPTURED");
  await untilStatus(patient, `/v1/bookings/${paid.id}`, "COMPLETED");
  await untilStatus(patient, `/v1/payments/${held.paymentId}`, "REQUIRES_AUTHORIZATION");
  const dead = await addDeadLetters(stack, bystander.id);
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
      deadEvent: dead.event,
      deadMail: dead.mail,
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

/** Creates a break-glass grant for the patient of the practice. @returns its id */
async function breakGlass({ api: asAdmin }: Account, { ids, grantReason }: Practice): Promise<string> {
  const body = { patientId: ids.patient, reason: grantReason };
  return String((await asAdmin.ok("POST /v1/admin/break-glass", { body })).id);
}

/** Repeats a call until it succeeds, because its service may first have to receive an event. */
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
