import { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { type Caller, callerId } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestService,
} from "@medconnect/platform/testing/test-service.ts";
import {
  type Consultation,
  type Consultation_Party,
  ConsultationServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import {
  type BookingState_CloseOutcome,
  type DoctorState,
  Event,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Clinical, EVENT_ROUTES } from "../app.ts";
import { abandonConsultation } from "../consultations/abandon-consultation.ts";
import { completeConsultation } from "../consultations/complete-consultation.ts";
import { createAddendum } from "../consultations/create-addendum.ts";
import { joinConsultation } from "../consultations/join-consultation.ts";
import { getConsultation } from "../consultations/read-consultations.ts";
import { readyConsultation } from "../consultations/ready-consultation.ts";
import { startConsultation } from "../consultations/start-consultation.ts";
import { consumersOf } from "../consumers.ts";
import { markNoShow } from "../no-shows/mark-no-show.ts";

export const MINUTE_MS = 60_000;

/** An event of another service. */
export type SentEvent = Parameters<typeof Event.fromPartial>[0] & { type: string };

/** An event of a booking that has start and end. */
type BookingEvent = SentEvent & {
  version: number;
  state: { $case: "booking"; value: { startTime: Date; endTime: Date } };
};

/**
 * Starts clinical on its own database schema. The result has functions for the actions of patients, doctors
 * and other services.
 */
export async function startClinical() {
  const service = await startTestService("clinical", EVENT_ROUTES);
  const app: Clinical & TestService = {
    ...service,
    proofs: new RowProofs(service),
    earlyStartMs: 15 * MINUTE_MS,
    noShowAfterMs: 15 * MINUTE_MS,
    unattendedAfterMs: 120 * MINUTE_MS,
    overdueAfterMs: 24 * 60 * MINUTE_MS,
    prescriptionValidityMs: 365 * 24 * 60 * MINUTE_MS,
    breakGlassMs: 30 * MINUTE_MS,
  };
  const uses = actionsOn(app);
  return { app, ...uses, ...stagesOn(uses) };
}

/** Functions that create consultations of a given status. */
function stagesOn({ booking, licensed, deliver, join, start, complete }: ReturnType<typeof actionsOn>) {
  /**
   * Creates a scheduled consultation that starts in `startMinutes`. @returns ids and events of its booking
   */
  const scheduled = async (patient: Caller, doctor: Caller, startMinutes: number) => {
    const made = booking(patient, doctor, startMinutes);
    const failures = await deliver("scheduling", licensed(doctor), made.confirmed);
    if (failures.length > 0) throw new Error(`the booking was refused: ${failures}`);
    return made;
  };

  /** Licenses the doctor. Then the patient joins the consultation, and the doctor starts it. */
  const meet = async (consultationId: string, patient: Caller, doctor: Caller): Promise<Consultation> => {
    await deliver("scheduling", licensed(doctor));
    await join(consultationId, patient);
    return await start(consultationId, doctor);
  };

  /** Creates a consultation in progress. @returns its id */
  const started = async (patient: Caller, doctor: Caller): Promise<string> => {
    const { consultationId } = await scheduled(patient, doctor, 0);
    await meet(consultationId, patient, doctor);
    return consultationId;
  };

  /** Creates a completed consultation. @returns its id */
  const completed = async (patient: Caller, doctor: Caller, notes: string): Promise<string> => {
    const consultationId = await started(patient, doctor);
    await complete(consultationId, doctor, notes);
    return consultationId;
  };

  return { scheduled, meet, started, completed };
}

function actionsOn(app: Clinical & TestService) {
  const inbox = new Inbox(app.transactions, consumersOf(app), app, app.log);
  const service = ConsultationServiceService;
  const idempotencyKey = "";

  /** Delivers events of a service in one batch. @returns the reasons of the events that failed */
  const deliver = async (from: string, ...sent: SentEvent[]): Promise<string[]> => {
    const events = sent.map((event) =>
      Event.fromPartial({ id: newId(), occurTime: app.clock.now(), ...event }),
    );
    const sender: Caller = { kind: "service", name: from };
    const { response } = await invoke(EventServiceService.deliverEvents, inbox.deliverEvents, sender, {
      events,
    });
    return response.failures.map(({ reason }) => reason);
  };

  /** Events of a consultation in the outbox, oldest first. */
  const outbox = async (consultationId: string) => {
    const rows = await app.db.read<{ payload: Buffer; destination: string }>(
      "SELECT payload, destination FROM outbox WHERE aggregateid = ? ORDER BY id",
      [consultationId],
    );
    return rows.map(({ payload, destination }) => ({ destination, event: Event.decode(payload) }));
  };

  return {
    deliver,

    /** A booking of 30 minutes that starts in `startMinutes`, with the event booking.confirmed. */
    booking: (patient: Caller, doctor: Caller, startMinutes: number) => {
      const aggregateId = newId();
      const booking = {
        slotId: newId(),
        doctorId: callerId(doctor),
        patientId: callerId(patient),
        consultationId: newId(),
        paymentId: newId(),
        startTime: new Date(app.businessClock.now().getTime() + startMinutes * MINUTE_MS),
        endTime: new Date(app.businessClock.now().getTime() + (startMinutes + 30) * MINUTE_MS),
      };
      return {
        consultationId: booking.consultationId,
        bookingId: aggregateId,
        paymentId: booking.paymentId,
        confirmed: {
          type: "booking.confirmed",
          aggregateId,
          version: 2,
          state: { $case: "booking", value: booking },
        } satisfies SentEvent,
        cancelled: {
          type: "booking.cancelled",
          aggregateId,
          version: 3,
          state: { $case: "booking", value: booking },
        } satisfies SentEvent,
        closedAs: (closeOutcome: BookingState_CloseOutcome, over: object = {}): SentEvent => ({
          type: "booking.closed",
          aggregateId,
          version: 4,
          state: { $case: "booking", value: { ...booking, closeOutcome, ...over } },
        }),
      };
    },

    /**
     * Event doctor.licensed. The licence is valid until a day; "" means no licence. @param over other fields
     */
    licensed: (doctor: Caller, until = "9999-12-31", version = 1, over: Partial<DoctorState> = {}) => {
      const doctorId = callerId(doctor);
      const licensing = { doctorId, licensedUntil: until, displayName: "Dr. Bo", ...over };
      // Id of the doctor's licensing. It differs from the doctor's user id, which is the aggregate id of
      // auth's events.
      const aggregateId = doctorId.replace(/^./, (digit) => (digit === "f" ? "e" : "f"));
      return {
        type: "doctor.licensed",
        aggregateId,
        version,
        state: { $case: "doctor", value: licensing },
      } satisfies SentEvent;
    },

    /** Event booking.rescheduled, which moves the booking of `confirmed` by `minutes`. */
    rescheduledBy: <E extends BookingEvent>(confirmed: E, minutes: number) => {
      const later = (time: Date) => new Date(time.getTime() + minutes * MINUTE_MS);
      const { state, version } = confirmed;
      const { startTime, endTime } = state.value;
      const value = { ...state.value, startTime: later(startTime), endTime: later(endTime) };
      return { ...confirmed, type: "booking.rescheduled", version: version + 1, state: { ...state, value } };
    },

    read: async (consultationId: string, by: Caller) =>
      (await invoke(service.getConsultation, bound(getConsultation, app), by, { consultationId })).response,
    join: async (consultationId: string, by: Caller) =>
      (
        await invoke(service.joinConsultation, bound(joinConsultation, app), by, {
          consultationId,
          idempotencyKey,
        })
      ).response,
    ready: async (consultationId: string, by: Caller) => {
      const request = { consultationId, idempotencyKey };
      return (await invoke(service.readyConsultation, bound(readyConsultation, app), by, request)).response;
    },
    start: async (consultationId: string, by: Caller) =>
      (
        await invoke(service.startConsultation, bound(startConsultation, app), by, {
          consultationId,
          idempotencyKey,
        })
      ).response,
    complete: async (consultationId: string, by: Caller, notes: string, key = "") => {
      const request = { consultationId, notes, idempotencyKey: key };
      return (await invoke(service.completeConsultation, bound(completeConsultation, app), by, request))
        .response;
    },
    markNoShow: async (consultationId: string, by: Caller, party: Consultation_Party) => {
      const request = { consultationId, party, idempotencyKey };
      return (await invoke(service.markConsultationNoShow, bound(markNoShow, app), by, request)).response;
    },
    add: async (consultationId: string, by: Caller, text: string, key = "") => {
      const request = { consultationId, text, idempotencyKey: key };
      return (await invoke(service.createAddendum, bound(createAddendum, app), by, request)).response;
    },
    abandon: async (consultationId: string, by: Caller, reason: string) => {
      const request = { consultationId, reason, idempotencyKey };
      return (await invoke(service.abandonConsultation, bound(abandonConsultation, app), by, request))
        .response;
    },

    /** Audit entries of a resource, oldest first. */
    auditEntries: async (resource: string) =>
      await app.db.read<{ action: string; actorId: string; subjectIds: string[] }>(
        `SELECT action, actor_id AS actorId, subject_ids AS subjectIds FROM audit_events WHERE resource = ?
         ORDER BY id`,
        [resource],
      ),

    /** Audited actions on a consultation, oldest first. */
    actions: async (consultationId: string) => {
      const rows = await app.db.read<{ action: string }>(
        "SELECT action FROM audit_events WHERE resource = ? ORDER BY id",
        [`consultations/${consultationId}`],
      );
      return rows.map(({ action }) => action);
    },

    outbox,

    /** Events of a consultation in the outbox, oldest first, such as "consultation.started to scheduling". */
    deliveries: async (consultationId: string) =>
      (await outbox(consultationId)).map(({ event, destination }) => `${event.type} to ${destination}`),
  };
}

export type ClinicalTest = Awaited<ReturnType<typeof startClinical>>;
