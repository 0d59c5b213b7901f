import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import type { ExpectedBooking } from "./expected-booking.ts";
import type { HttpClient } from "./http-client.ts";
import { type Calendar, type Interval, type Slot, SOON_MS } from "./practice.ts";
import type { Random } from "./random.ts";
import { RetryingClient } from "./retrying-client.ts";

const THINK_MS = 800;

const EXPECTED = {
  "list confirmed": [],
  "list waiting": [],
  // NOT_FOUND is expected if clinical was down when the booking was confirmed. ILLEGAL_TRANSITION and
  // PATIENT_NOT_JOINED are expected if the booking was cancelled or rescheduled before the call arrived.
  // LICENSE_NOT_VERIFIED is expected if an admin has revoked the doctor's licence.
  start: ["NOT_FOUND", "ILLEGAL_TRANSITION", "PATIENT_NOT_JOINED", "LICENSE_NOT_VERIFIED"],
  // TOO_LATE is expected if the five-minute slot has ended.
  ready: ["NOT_FOUND", "ILLEGAL_TRANSITION", "TOO_LATE", "LICENSE_NOT_VERIFIED"],
  "mark no-show": [
    "NOT_FOUND",
    "ILLEGAL_TRANSITION",
    "TOO_EARLY",
    "TOO_LATE",
    "DOCTOR_NOT_READY",
    "MOVE_NOT_ACCEPTED",
    "LICENSE_NOT_VERIFIED",
  ],
  // Expected if the booking was cancelled just before the start, because the cancellation then ends the
  // consultation. Also expected after the end of the appointment, if an admin has closed the booking.
  complete: ["ILLEGAL_TRANSITION", "NOTES_LOCKED"],
  "read ended": [],
  prescribe: ["LICENSE_NOT_VERIFIED"],
  abandon: ["ILLEGAL_TRANSITION"],
  "cancel as doctor": ["ILLEGAL_TRANSITION", "BOOKING_STARTED"],
  // NOT_FOUND is expected while the doctor has no verified licence.
  "move as doctor": [
    "ILLEGAL_TRANSITION",
    "BOOKING_STARTED",
    "SLOT_UNAVAILABLE",
    "PATIENT_OVERLAP",
    "NOT_FOUND",
  ],
  offer: [],
  // Expected if the request arrived after the slot's start.
  "offer soon": ["INVALID_REQUEST"],
  withdraw: ["SLOT_HAS_BOOKING"],
} as const;

/** State of a consultation as the system last acknowledged it to the doctor. */
export interface AcknowledgedConsultation {
  id: string;
  slotId: string;
  status: "IN_PROGRESS" | "COMPLETED" | "NO_SHOW" | "ABANDONED";
  notes: string;
  noShowParty: string | null;
  /** Start of the missed appointment in RFC 3339; empty if the status is not NO_SHOW. */
  missedTime: string;
}

export interface DoctorOptions {
  id: string;
  token: string;
  calendar: Calendar;
  /** Open slots of all doctors. Patients choose from this list. */
  slots: Slot[];
  http: HttpClient;
  random: Random;
}

/**
 * A simulated doctor, who makes all calls of a doctor: starts, completes and abandons consultations,
 * prescribes, reports no-shows, cancels, reschedules and replaces used slots. Stores each acknowledged result
 * for later checks.
 */
export class Doctor {
  readonly id: string;
  readonly token: string;
  /** Consultations as the system last acknowledged them, by id. */
  readonly consultations = new Map<string, AcknowledgedConsultation>();
  /**
   * Ids of consultations whose start or no-show was refused, but may still happen: an earlier attempt of the
   * same call has no known outcome.
   */
  readonly unsure = new Set<string>();
  /** Ids of bookings that the doctor asked to cancel, whether the call was acknowledged or not. */
  readonly cancelsAsked = new Set<string>();
  readonly cancelled = new Set<string>();
  /** Ids of acknowledged prescriptions. */
  readonly prescriptions = new Set<string>();
  /** Slots to which the doctor asked to reschedule a booking, by the booking's id. */
  readonly movesAsked = new Map<string, Set<string>>();
  readonly client: RetryingClient<keyof typeof EXPECTED>;
  readonly #options: DoctorOptions;
  /** The newest slot that starts soon. Undefined once its start has passed. */
  #soonSlot: { id: string; startMs: number } | undefined;
  /** Ids of bookings that the doctor ignores, so that the system ends them as unattended. */
  readonly #forgotten = new Set<string>();
  #stopped = false;

  constructor(options: DoctorOptions) {
    this.id = options.id;
    this.token = options.token;
    this.client = new RetryingClient({ ...options, expected: EXPECTED });
    this.#options = options;
  }

  /** Uses the system until `stop` is called. Returns once the outcome of each pending call is known. */
  async live(): Promise<void> {
    this.#stopped = false;
    while (!this.#stopped) {
      await this.#act();
      await delay(this.#options.random.next() * THINK_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Stores the state of a consultation that the system has acknowledged. */
  remember(
    { consultationId, slotId }: Json | ExpectedBooking,
    left: Pick<AcknowledgedConsultation, "status"> & Partial<AcknowledgedConsultation>,
  ): void {
    const id = String(consultationId);
    const unknown = { notes: "", noShowParty: null, missedTime: "" };
    this.consultations.set(id, { id, slotId: String(slotId), ...unknown, ...left });
  }

  async #act(): Promise<void> {
    const { calendar, random } = this.#options;
    if (this.#soonSlot && this.#soonSlot.startMs < Date.now()) return await this.#giveUp(this.#soonSlot.id);
    const soon = calendar.soon();
    if (soon) return await this.#offerSoon(soon);
    const started = [...this.consultations.values()].filter(({ status }) => status === "IN_PROGRESS");
    if (started.length > 0 && random.next() < 0.6) return await this.#end(random.pick(started));
    await this.#takeUp();
  }

  /** Chooses a confirmed booking. Starts, reschedules or cancels it, or reports a no-show. */
  async #takeUp(): Promise<void> {
    const { random } = this.#options;
    const call = "GET /v1/bookings?status=CONFIRMED&pageSize=100";
    const { kind, body } = await this.client.look("list confirmed", call);
    const bookings = kind === "ok" ? (body.bookings as Json[]) : [];
    const untouched = bookings.filter(
      ({ id, consultationId }) =>
        !this.consultations.has(String(consultationId)) && !this.#forgotten.has(String(id)),
    );
    const missed = untouched.filter((booking) => startOf(booking) <= Date.now());
    if (missed.length > 0) return await this.#miss(random.pick(missed));
    // Leaves out bookings that start soon, because these are for no-shows.
    const later = untouched.filter((booking) => startOf(booking) > Date.now() + 2 * SOON_MS);
    if (later.length === 0) return;
    const chance = random.next();
    if (chance < 0.15) return await this.#cancel(random.pick(later));
    if (chance < 0.3) return await this.#move(random.pick(later));
    const waiting = await this.#waiting();
    const joined = later.filter(({ consultationId }) => waiting.has(String(consultationId)));
    // Usually starts a consultation whose patient has joined. Sometimes starts one whose patient has not
    // joined, which the system must refuse.
    if (joined.length > 0 || random.next() < 0.1)
      await this.#start(random.pick(joined.length > 0 ? joined : later));
  }

  /** Ids of consultations whose patient is in the waiting room. */
  async #waiting(): Promise<Set<string>> {
    const call = "GET /v1/consultations?status=WAITING&pageSize=100";
    const { kind, body } = await this.client.look("list waiting", call);
    const consultations = kind === "ok" ? (body.consultations as Json[]) : [];
    return new Set(consultations.map(({ id }) => String(id)));
  }

  async #start(booking: Json): Promise<void> {
    const call = `POST ${pathOf(booking.consultationId)}:start`;
    const { kind, isFinal } = await this.client.decide("start", call, {});
    if (kind === "ok") this.remember(booking, { status: "IN_PROGRESS" });
    else if (!isFinal) this.unsure.add(String(booking.consultationId));
  }

  async #end(consultation: AcknowledgedConsultation): Promise<void> {
    const path = `POST ${pathOf(consultation.id)}`;
    const isCompleted = this.#options.random.next() < 0.75;
    const notes = `Notes of ${consultation.id}`;
    const { kind } = isCompleted
      ? await this.client.decide("complete", `${path}:complete`, { notes })
      : await this.client.decide("abandon", `${path}:abandon`, { reason: "The line broke" });
    if (kind === "unknown") return;
    if (kind === "refused" && (await this.#isClosedByAdmin(consultation.id))) {
      this.consultations.delete(consultation.id);
      return;
    }
    const ended = kind === "ok" && isCompleted ? ({ status: "COMPLETED", notes } as const) : BROKEN_OFF;
    Object.assign(consultation, ended);
    if (ended !== BROKEN_OFF) await this.#prescribe(consultation.id);
    await this.#replace(consultation.slotId);
  }

  async #prescribe(consultationId: string): Promise<void> {
    const call = `POST ${pathOf(consultationId)}/prescriptions`;
    const { kind, body } = await this.client.decide("prescribe", call, { content: "Rest", items: [] });
    if (kind === "ok") this.prescriptions.add(String(body.id));
  }

  async #isClosedByAdmin(consultationId: string): Promise<boolean> {
    const { body } = await this.client.look("read ended", `GET ${pathOf(consultationId)}`);
    return body.closedByAdmin === true;
  }

  /**
   * Reports a no-show, or ignores the booking. The system must end an ignored booking, and record that the
   * doctor did not come.
   */
  async #miss(booking: Json): Promise<void> {
    if (this.#options.random.next() < 0.25) this.#forgotten.add(String(booking.id));
    else await this.#markNoShow(booking);
  }

  async #markNoShow(booking: Json): Promise<void> {
    const noShowParty = this.#options.random.pick(["PATIENT", "DOCTOR"]);
    if (noShowParty === "PATIENT")
      await this.client.decide("ready", `POST ${pathOf(booking.consultationId)}:ready`, {});
    const call = `POST ${pathOf(booking.consultationId)}:markNoShow`;
    const { kind, isFinal, body } = await this.client.decide("mark no-show", call, { party: noShowParty });
    if (kind === "ok")
      this.remember(booking, { status: "NO_SHOW", noShowParty, missedTime: String(body.startTime) });
    else if (!isFinal) this.unsure.add(String(booking.consultationId));
  }

  async #cancel({ id }: Json): Promise<void> {
    const call = `POST /v1/bookings/${id}:cancel`;
    this.cancelsAsked.add(String(id));
    const { kind } = await this.client.decide("cancel as doctor", call, { reason: "Ill" });
    if (kind === "ok") this.cancelled.add(String(id));
  }

  /** Reschedules a booking, without asking the patient. */
  async #move({ id, slotId, fee }: Json): Promise<void> {
    const { slots, random } = this.#options;
    const fitting = slots.filter(
      (slot) => slot.doctorId === this.id && slot.isPaid === (fee !== undefined) && slot.id !== slotId,
    );
    if (fitting.length === 0) return;
    const target = random.pick(fitting).id;
    const asked = this.movesAsked.get(String(id)) ?? new Set();
    this.movesAsked.set(String(id), asked.add(target));
    await this.client.decide("move as doctor", `POST /v1/bookings/${id}:reschedule`, { slotId: target });
  }

  /** Removes a used slot from the list, and creates another one. */
  async #replace(slotId: string): Promise<void> {
    this.#withdraw(slotId);
    await this.#offer("offer", this.#options.calendar.next());
  }

  async #offerSoon(time: Interval): Promise<void> {
    const id = await this.#offer("offer soon", time);
    if (id !== undefined) this.#soonSlot = { id, startMs: Date.parse(time.startTime) };
  }

  /**
   * Deletes the slot in `#soonSlot`, whose start has passed, unless it is booked. The doctor can then create
   * the next slot that starts soon.
   */
  async #giveUp(slotId: string): Promise<void> {
    this.#soonSlot = undefined;
    this.#withdraw(slotId);
    const { kind } = await this.client.decide("withdraw", `POST /v1/slots/${slotId}:withdraw`, {});
    if (kind === "ok") this.#options.calendar.giveUpSoon();
  }

  /** Creates a slot. @returns its id; undefined if it was refused */
  async #offer(operation: "offer" | "offer soon", time: Interval): Promise<string | undefined> {
    const call = `POST /v1/doctors/${this.id}/slots`;
    const { kind, body } = await this.client.decide(operation, call, { ...time });
    if (kind !== "ok") return undefined;
    const id = String(body.id);
    this.#options.slots.push({ id, doctorId: this.id, isPaid: body.fee !== undefined });
    return id;
  }

  /** Removes a slot from the list from which patients choose. */
  #withdraw(slotId: string): void {
    const { slots } = this.#options;
    const place = slots.findIndex(({ id }) => id === slotId);
    if (place !== -1) slots.splice(place, 1);
  }
}

const startOf = ({ startTime }: Json): number => Date.parse(String(startTime));

const BROKEN_OFF = { status: "ABANDONED" } as const;

const pathOf = (consultationId: unknown): string => `/v1/consultations/${consultationId}`;
