import { randomUUID } from "node:crypto";
import { SERVICES, WITNESS_OF } from "@medconnect/topology/services.ts";
import type { Json } from "../support/api.ts";
import { DAY_MS, HOUR_MS, timeFromNow } from "../support/practice.ts";
import type { Rule } from "./expectations.ts";
import type { Practice, Thing } from "./world.ts";

/** Values from which the `request` of an `Entry` is made. */
export interface Given {
  /** Id of the object in the request; empty if the request names no object. */
  id: string;
  /** Practice that owns the object. If there is no such object, the caller's practice. */
  of: Practice;
  /** Name of the service that receives the call. */
  server: string;
}

/** Tells how the authorization matrix calls an RPC. */
export interface Entry {
  /**
   * Kind of the object in the request; absent if the request names no object. `rule` is the outcome for an
   * object of another user.
   */
  on?: Thing;
  rule?: Rule;
  /** Makes a valid request in JSON. It lacks the idempotency key, which is added to each call. */
  request?: (given: Given) => Json;
  /**
   * True if a permitted call changes sessions or credentials. Such a call uses a new session of an account
   * that makes no other calls.
   */
  touchesSession?: true;
  /** Service that calls an internal RPC. Default: the first service that the proto file permits. */
  caller?: (server: string) => string;
}

let taken = 0;
/** Returns an interval in which the caller has no slot yet. */
const freeTime = () => timeFromNow(30 * DAY_MS + taken++ * HOUR_MS);
/** Hours of one day in the past, so that no slots are made. */
const SCHEDULE = {
  timeZone: "UTC",
  weeklyHours: [{ day: "MONDAY", startTime: "09:00", endTime: "10:00" }],
  slotLength: "1800s",
  validFrom: "2020-01-06",
  validUntil: "2020-01-06",
  overrides: [{ date: "2020-01-06", ranges: [{ startTime: "09:00", endTime: "10:00" }] }],
  travel: [{ startDate: "2020-01-06", endDate: "2020-01-07", timeZone: "UTC" }],
};
const newcomer = () => ({
  email: `${randomUUID()}@example.org`,
  password: "four unrelated words, one comma",
  fullName: "Nora New",
  role: "PATIENT",
});
const onConsultation = (more: Json = {}): Entry => ({
  on: "consultation",
  rule: "private",
  request: ({ id }) => ({ consultationId: id, ...more }),
});
const endsPrescription: Entry = {
  on: "prescription",
  rule: "break-glass",
  request: ({ id }) => ({ prescriptionId: id, reason: "The wrong dose" }),
};
/**
 * Everybody sees an open slot. So other users who change it get NOT_OWNER. Only the slot's doctor sees a
 * blocked slot, so other users get NOT_FOUND.
 */
const onSlot: Entry[] = [
  { on: "openSlot", rule: "owned", request: ({ id }) => ({ slotId: id }) },
  { on: "blockedSlot", rule: "private", request: ({ id }) => ({ slotId: id }) },
];
const onGrant: Entry = { on: "grant", rule: "open", request: ({ id }) => ({ grantId: id }) };
const onLicense = (more: Json = {}): Entry => ({
  on: "license",
  rule: "open",
  request: ({ id }) => ({ licenseId: id, ...more }),
});
/** A public key of RFC 7517, appendix A.1. */
export const CLIENT_KEY = {
  kty: "EC",
  kid: "a",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
};
const onServiceAccount: Entry = {
  on: "serviceAccount",
  rule: "open",
  request: ({ id }) => ({ serviceAccountId: id }),
};
const onUser: Entry = { on: "bystander", rule: "open", request: ({ id }) => ({ userId: id }) };

/** For each service that receives events: a service that sends it one, and an example of the event. */
const EVENTS: Record<string, { from: string; event: Json }> = {
  scheduling: { from: "auth", event: { type: "user.created", user: { fullName: "Nora", role: "PATIENT" } } },
  clinical: { from: "auth", event: { type: "user.created", user: { fullName: "Nora", role: "PATIENT" } } },
  billing: { from: "scheduling", event: { type: "booking.expired", booking: { paymentId: randomUUID() } } },
  auth: {
    from: "scheduling",
    event: {
      type: "license.decided",
      license: { doctorId: randomUUID(), decision: "VERIFIED", region: "DE" },
    },
  },
};

/**
 * Entries of all RPCs, by path without the package "medconnect". A test fails if an RPC has no entry, or if
 * an entry has no RPC.
 */
export const ENTRIES: Record<string, Entry | Entry[]> = {
  "admin.v1.AccessLogService/ListAccessLog": { request: () => ({ pageSize: 100, includeOwn: true }) },
  "admin.v1.AdminService/GetStats": {},
  "admin.v1.AdminService/GetDailyStats": { request: () => ({ days: 7 }) },
  "admin.v1.AdminService/ListLicenses": {},
  "admin.v1.AdminService/ListDeadEvents": { request: () => ({ service: "billing", pageSize: 100 }) },
  "admin.v1.AdminService/ReplayDeadEvent": {
    on: "deadEvent",
    rule: "open",
    request: ({ id }) => ({ service: "billing", eventId: id }),
  },
  "admin.v1.AdminService/ListAuditEvents": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ subjectId: id, pageSize: 100 }),
  },
  "admin.v1.AdminService/ExportAuditEvents": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ subjectId: id, pageSize: 100 }),
  },
  "audit.v1.AuditService/ListAuditEvents": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ subjectId: id, pageSize: 100 }),
  },
  "audit.v1.AuditService/ExportAuditEvents": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ subjectId: id, pageSize: 100 }),
  },
  "audit.v1.AuditService/ListAccesses": { request: () => ({ pageSize: 100, includeOwn: true }) },
  "audit.v1.AuditService/RecordCheckpoint": {
    request: () => ({ seq: "1", hmac: Buffer.alloc(32).toString("base64") }),
    caller: (server) => SERVICES.find((name) => WITNESS_OF[name] === server)!,
  },
  "operations.v1.StatsService/GetDailyStats": { request: () => ({ days: 7 }) },
  "operations.v1.OutboxService/ListDeadEvents": {
    request: ({ server }) => ({ service: server, pageSize: 100 }),
  },
  "operations.v1.OutboxService/ReplayDeadEvent": {
    on: "deadEvent",
    rule: "open",
    request: ({ id, server }) => ({ service: server, eventId: id }),
  },
  "events.v1.EventService/DeliverEvents": {
    request: ({ server }) => ({
      events: [
        {
          id: randomUUID(),
          aggregateId: randomUUID(),
          version: "1",
          occurTime: new Date().toISOString(),
          ...EVENTS[server]!.event,
        },
      ],
    }),
    caller: (server) => EVENTS[server]!.from,
  },

  "auth.v1.AuthService/Register": { request: newcomer },
  "auth.v1.AuthService/VerifyEmail": { request: () => ({ token: "none", password: "none" }) },
  "auth.v1.AuthService/ForgotPassword": { request: () => ({ email: `${randomUUID()}@example.org` }) },
  "auth.v1.AuthService/ResetPassword": {
    request: () => ({ token: "none", password: "four unrelated words, one comma" }),
  },
  "auth.v1.AuthService/Login": {
    request: () => ({ email: `${randomUUID()}@example.org`, password: "not the password" }),
  },
  "auth.v1.AuthService/VerifyMfa": { request: () => ({ mfaToken: "none", code: "123456" }) },
  "auth.v1.AuthService/RefreshToken": { request: () => ({ refreshToken: "none" }) },
  "auth.v1.AuthService/Logout": { touchesSession: true },
  "auth.v1.AuthService/SetUpTotp": { touchesSession: true },
  "auth.v1.AuthService/ActivateTotp": { touchesSession: true, request: () => ({ code: "123456" }) },
  "auth.v1.AuthService/DisableTotp": {
    touchesSession: true,
    request: () => ({ password: "not the password", code: "123456" }),
  },
  "auth.v1.AuthService/RegenerateRecoveryCodes": {
    touchesSession: true,
    request: () => ({ password: "not the password", code: "123456" }),
  },
  "auth.v1.UserService/GetMe": {},
  "auth.v1.UserService/UpdateMe": { request: () => ({ user: { locale: "de-CH" }, updateMask: "locale" }) },
  "auth.v1.UserService/ChangePassword": {
    touchesSession: true,
    request: () => ({ currentPassword: "not the password", newPassword: "four unrelated words, one comma" }),
  },
  "auth.v1.UserService/ListSessions": {},
  "auth.v1.UserService/DeleteSession": {
    on: "session",
    rule: "private",
    request: ({ id }) => ({ sessionId: id }),
  },
  "auth.v1.UserService/ListUsers": { request: () => ({ pageSize: 100 }) },
  "auth.v1.UserService/GetUser": onUser,
  "auth.v1.UserService/DisableUser": onUser,
  "auth.v1.UserService/EnableUser": onUser,
  "auth.v1.UserService/ResetMfa": onUser,
  "auth.v1.UserService/GetUserStats": {},
  "auth.v1.ActorService/BatchGetActors": {
    on: "patient",
    rule: "filter",
    request: ({ id, of }) => ({
      patientId: id,
      userIds: [id, of.ids.doctor],
      grantIds: [of.ids.grant],
    }),
  },
  "auth.v1.BreakGlassService/CreateBreakGlassGrant": {
    on: "patient",
    rule: "open",
    request: ({ id }) => ({ patientId: id, reason: "Found unconscious at home" }),
  },
  "auth.v1.BreakGlassService/GetBreakGlassGrant": onGrant,
  "auth.v1.BreakGlassService/ListBreakGlassGrants": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ patientId: id, pageSize: 100 }),
  },
  "auth.v1.BreakGlassService/RevokeBreakGlassGrant": onGrant,
  "auth.v1.ServiceAccountService/CreateServiceAccount": {
    request: () => ({ serviceAccount: { name: randomUUID(), scopes: ["admin.stats.read"] } }),
  },
  "auth.v1.ServiceAccountService/ListServiceAccounts": { request: () => ({ pageSize: 100 }) },
  "auth.v1.ServiceAccountService/GetServiceAccount": onServiceAccount,
  "auth.v1.ServiceAccountService/RotateServiceAccountSecret": onServiceAccount,
  "auth.v1.ServiceAccountService/SetServiceAccountKeys": {
    ...onServiceAccount,
    request: ({ id }) => ({ serviceAccountId: id, jwks: { keys: [CLIENT_KEY] } }),
  },
  "auth.v1.ServiceAccountService/DisableServiceAccount": onServiceAccount,
  "auth.v1.ServiceAccountService/EnableServiceAccount": onServiceAccount,
  "auth.v1.ServiceAccountService/IssueToken": {
    request: () => ({
      grant_type: "client_credentials",
      client_id: randomUUID(),
      client_secret: "not the secret",
    }),
  },
  "auth.v1.MailService/ListDeadMails": { request: () => ({ pageSize: 100 }) },
  "auth.v1.MailService/RetryDeadMail": {
    on: "deadMail",
    rule: "open",
    request: ({ id }) => ({ mailId: id }),
  },
  "auth.v1.KeyService/GetJwks": {},
  "auth.v1.KeyService/ListRevocations": {},

  "scheduling.v1.BookingService/CreateBooking": {
    on: "bookableSlot",
    rule: "open",
    request: ({ id }) => ({ slotId: id, reason: "A cough" }),
  },
  "scheduling.v1.BookingService/GetBooking": {
    on: "booking",
    rule: "supervised",
    request: ({ id }) => ({ bookingId: id }),
  },
  "scheduling.v1.BookingService/ListBookings": {
    on: "patient",
    rule: "filter",
    request: ({ id }) => ({ patientId: id, pageSize: 100 }),
  },
  "scheduling.v1.BookingService/CancelBooking": {
    on: "booking",
    rule: "supervised",
    request: ({ id }) => ({ bookingId: id, reason: "Cannot come" }),
  },
  "scheduling.v1.BookingService/PreviewCancellation": {
    on: "booking",
    rule: "supervised",
    request: ({ id }) => ({ bookingId: id }),
  },
  "scheduling.v1.BookingService/RescheduleBooking": {
    on: "booking",
    rule: "supervised",
    request: ({ id, of }) => ({ bookingId: id, slotId: of.ids.bookableSlot }),
  },
  "scheduling.v1.BookingService/AcceptMove": {
    on: "booking",
    rule: "private",
    request: ({ id }) => ({ bookingId: id, ...freeTime() }),
  },
  "scheduling.v1.BookingService/CloseBooking": {
    on: "booking",
    rule: "open",
    request: ({ id }) => ({
      bookingId: id,
      outcome: "NO_SHOW_BOTH",
      feeDecision: "RELEASE",
      reason: "Nobody came",
    }),
  },
  "scheduling.v1.BookingService/GetBookingStats": {},
  "scheduling.v1.DoctorService/CreateDoctor": {
    request: () => ({ licenseNumber: randomUUID(), licenseRegion: "US-CA", specialty: "Cardiology" }),
  },
  "scheduling.v1.DoctorService/GetDoctor": {
    on: "doctor",
    rule: "open",
    request: ({ id }) => ({ doctorId: id }),
  },
  "scheduling.v1.DoctorService/UpdateDoctor": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, doctor: { bio: randomUUID() }, updateMask: "bio" }),
  },
  "scheduling.v1.DoctorService/SearchDoctors": { request: () => ({ pageSize: 100 }) },
  "scheduling.v1.LicenseService/CreateLicense": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, number: randomUUID(), region: "FR" }),
  },
  "scheduling.v1.LicenseService/GetLicense": {
    on: "license",
    rule: "owned",
    request: ({ id, of }) => ({ doctorId: of.ids.doctor, licenseId: id }),
  },
  "scheduling.v1.LicenseService/ListDoctorLicenses": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, pageSize: 100 }),
  },
  "scheduling.v1.LicenseService/ListLicenses": {
    on: "doctor",
    rule: "filter",
    request: ({ id }) => ({ doctorId: id, pageSize: 100 }),
  },
  "scheduling.v1.LicenseService/VerifyLicense": onLicense({ doctorName: "Nobody's name" }),
  "scheduling.v1.LicenseService/RejectLicense": onLicense({ reason: "Not in the register" }),
  "scheduling.v1.LicenseService/RevokeLicense": onLicense({
    reason: "Struck off the register",
    stopPrescriptions: false,
  }),
  "scheduling.v1.ScheduleService/GetSchedule": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id }),
  },
  "scheduling.v1.ScheduleService/ReplaceSchedule": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, schedule: SCHEDULE }),
  },
  "scheduling.v1.SlotService/CreateSlot": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, ...freeTime() }),
  },
  "scheduling.v1.SlotService/BatchCreateSlots": {
    on: "doctor",
    rule: "owned",
    request: ({ id }) => ({ doctorId: id, slots: [freeTime(), freeTime()] }),
  },
  "scheduling.v1.SlotService/GetSlot": [
    { on: "openSlot", rule: "open", request: ({ id }) => ({ slotId: id }) },
    { on: "blockedSlot", rule: "private", request: ({ id }) => ({ slotId: id }) },
  ],
  "scheduling.v1.SlotService/ListSlots": {
    on: "doctor",
    rule: "open",
    request: ({ id }) => ({ doctorId: id, pageSize: 100 }),
  },
  "scheduling.v1.SlotService/BlockSlot": onSlot,
  "scheduling.v1.SlotService/UnblockSlot": onSlot,
  "scheduling.v1.SlotService/WithdrawSlot": onSlot,

  "clinical.v1.ConsultationService/GetConsultation": { ...onConsultation(), rule: "break-glass" },
  "clinical.v1.ConsultationService/ListConsultations": {
    on: "patient",
    rule: "break-glass filter",
    request: ({ id }) => ({ patientId: id, pageSize: 100 }),
  },
  "clinical.v1.ConsultationService/ListOverdueConsultations": { request: () => ({ pageSize: 100 }) },
  "clinical.v1.ConsultationService/JoinConsultation": onConsultation(),
  "clinical.v1.ConsultationService/ReadyConsultation": onConsultation(),
  "clinical.v1.ConsultationService/StartConsultation": onConsultation(),
  "clinical.v1.ConsultationService/CompleteConsultation": onConsultation({ notes: "All well." }),
  "clinical.v1.ConsultationService/CreateAddendum": onConsultation({ text: "No allergies after all." }),
  "clinical.v1.ConsultationService/MarkConsultationNoShow": onConsultation({ party: "PATIENT" }),
  "clinical.v1.ConsultationService/AbandonConsultation": onConsultation({ reason: "The line broke" }),
  "clinical.v1.ConsultationService/GetConsultationStats": {},
  "clinical.v1.ConsultationService/BatchGetConsultationSnapshots": {
    on: "consultation",
    rule: "filter",
    request: ({ id }) => ({ consultationIds: [id] }),
  },
  "clinical.v1.PrescriptionService/CreatePrescription": onConsultation({ content: "Rest." }),
  "clinical.v1.PrescriptionService/GetPrescription": {
    on: "prescription",
    rule: "break-glass",
    request: ({ id }) => ({ prescriptionId: id }),
  },
  "clinical.v1.PrescriptionService/ListDoctorPrescriptions": {
    on: "doctor",
    rule: "open",
    request: ({ id }) => ({ doctorId: id, pageSize: 100 }),
  },
  "clinical.v1.PrescriptionService/CancelPrescription": endsPrescription,
  "clinical.v1.PrescriptionService/StopPrescription": endsPrescription,
  "clinical.v1.PrescriptionService/ListPrescriptions": {
    on: "patient",
    rule: "break-glass filter",
    request: ({ id }) => ({ patientId: id, pageSize: 100 }),
  },

  "billing.v1.PaymentService/GetPayment": {
    on: "payment",
    rule: "supervised",
    request: ({ id }) => ({ paymentId: id }),
  },
  "billing.v1.PaymentService/ListPayments": {
    on: "booking",
    rule: "filter",
    request: ({ id }) => ({ bookingId: id, pageSize: 100 }),
  },
  "billing.v1.PaymentService/AuthorizePayment": {
    on: "payment",
    rule: "private",
    request: ({ id }) => ({ paymentId: id, paymentMethod: "pm_card_visa" }),
  },
  "billing.v1.PaymentService/GetPaymentStats": {},
  "billing.v1.PaymentService/BatchGetPaymentSnapshots": {
    on: "payment",
    rule: "filter",
    request: ({ id }) => ({ paymentIds: [id] }),
  },
  "billing.v1.RefundService/CreateRefund": {
    on: "paidPayment",
    rule: "open",
    request: ({ id }) => ({ paymentId: id, amountMinor: "100", reason: "Goodwill" }),
  },
  "billing.v1.RefundService/ListRefunds": {
    on: "paidPayment",
    rule: "supervised",
    request: ({ id }) => ({ paymentId: id, pageSize: 100 }),
  },
  "billing.v1.RefundService/GetRefund": {
    on: "refund",
    rule: "supervised",
    request: ({ id, of }) => ({ paymentId: of.ids.paidPayment, refundId: id }),
  },
  "billing.v1.WebhookService/ReceiveWebhook": {
    request: () => ({
      provider: "stub",
      signature: "t=1,v1=none",
      body: { contentType: "application/json", data: Buffer.from("{}").toString("base64") },
    }),
  },
};

/** Error message that tells how to add an entry for an RPC. */
export const howToAdd = (name: string): string =>
  `The authorization matrix does not know ${name}. Add it to ENTRIES in test/security/entries.ts:

  "${name}": {
    // If the request names an object: its kind (a key of OWNERS in world.ts, which may need a new one), and
    // the rule for objects of others (a Rule of expectations.ts). Otherwise leave both out.
    on: "booking",
    rule: "private",
    // A valid request in the contract's JSON; leave it out if it is empty.
    request: ({ id }) => ({ bookingId: id }),
    // Only if a permitted call may change a session, a password, or a second factor.
    touchesSession: true,
  },
`;
