import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Account, PASSWORD, signUp } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import type { Authenticator } from "../support/authenticator.ts";
import { secure } from "../support/mfa.ts";
import { DAY_MS, MINUTE_MS, openPractice, timeFromNow } from "../support/practice.ts";
import type { CallStats } from "./call-stats.ts";
import { type BookingHolder, type ExpectedBooking, expectedFrom } from "./expected-booking.ts";
import type { HttpClient, Outcome } from "./http-client.ts";
import { SETTLE_TIMEOUT_MS } from "./invariants/check.ts";
import type { Random } from "./random.ts";
import { RetryingClient } from "./retrying-client.ts";

const PAUSE_MS = 200;
/**
 * Maximum time until a consultation exists. In this scenario, clinical restarts several times in a row. It
 * processes no bookings during a restart.
 */
const COMES_ABOUT_MS = SETTLE_TIMEOUT_MS;
const FIRST_VISITS = 10;
const SECURED = 4;
/**
 * Time between two sign-ins of a user. Auth accepts each code only once, and an authenticator app makes a new
 * code every 30 s.
 */
const CODE_EVERY_MS = 31_000;
const LENGTH_MS = 30 * MINUTE_MS;
/** Start of the first slot, as a delay from now. It is later than all slots of the doctors in `Crowd`. */
const FIRST_TIME_MS = 7 * DAY_MS;

const EXPECTED = {
  offer: [],
  // Expected, because a booking counts towards the patient's limit until scheduling receives the event that
  // its consultation is completed.
  book: ["TOO_MANY_BOOKINGS"],
  // Expected, because clinical creates the consultation only when it receives the event of the booking.
  await: ["NOT_FOUND"],
  join: [],
  start: [],
  complete: [],
  add: [],
  prescribe: [],
  "read again": [],
  repeat: [],
  "next page": [],
  password: [],
  "sign in": [],
} as const;
type Operation = keyof typeof EXPECTED;

/** Paths of one visit's resources, and the text written to them. Later reads must return this text. */
interface Visit {
  booking: string;
  consultation: string;
  prescription: string;
  text: string;
}

/** A call that succeeded, with its idempotency key and response. */
interface Answered {
  by: RetryingClient<Operation>;
  call: string;
  sent: { key: string; body: Json };
  answer: string;
}

interface Secured {
  email: string;
  authenticator: Authenticator;
  usedAtMs: number;
}

interface People {
  doctor: Account;
  patient: Account;
  secured: Secured[];
}

export interface EncryptedDataLoadOptions {
  http: Pick<HttpClient, "send">;
  /** Statistics that count each response. */
  callStats: CallStats;
  random: Random;
}

/**
 * Writes and reads all kinds of encrypted or hashed data. A doctor and a patient have consultations, and read
 * the texts of earlier ones. Other users sign in with a second factor. Calls are repeated with old
 * idempotency keys, and a list is continued with an old page token.
 */
export class EncryptedDataLoad {
  readonly #callStats: CallStats;
  readonly #random: Random;
  readonly #doctorId: string;
  readonly #doctor: RetryingClient<Operation>;
  readonly #patient: RetryingClient<Operation>;
  readonly #anonymous: RetryingClient<Operation>;
  readonly #secured: Secured[];
  readonly #visits: Visit[] = [];
  readonly #answered: Answered[] = [];
  readonly #expectedBookings = new Map<string, ExpectedBooking>();
  /** The patient with the bookings that the system has acknowledged. */
  readonly bookingHolder: BookingHolder;
  #pageToken = "";
  #times = 0;
  #stopped = false;

  private constructor(options: EncryptedDataLoadOptions, { doctor, patient, secured }: People) {
    const clientOf = (account?: Account) => {
      const client = new RetryingClient<Operation>({
        ...options,
        ...(account && { token: account.token }),
        expected: EXPECTED,
      });
      client.callStats = options.callStats;
      return client;
    };
    this.#callStats = options.callStats;
    this.#random = options.random;
    this.#doctorId = doctor.id;
    this.#doctor = clientOf(doctor);
    this.#patient = clientOf(patient);
    this.#anonymous = clientOf();
    this.#secured = secured;
    this.bookingHolder = { id: patient.id, token: patient.token, expectedBookings: this.#expectedBookings };
  }

  /** Creates the users, and makes the first visits, so that there is data to read and calls to repeat. */
  static async prepare(gatewayUrl: string, options: EncryptedDataLoadOptions): Promise<EncryptedDataLoad> {
    const api = new Api(gatewayUrl);
    const [doctor, patient] = [await openPractice(api), await signUp(api, "PATIENT")];
    const secured: Secured[] = [];
    for (let i = 0; i < SECURED; i++) {
      const account = await signUp(api, "PATIENT");
      // Spreads the times of the last codes, so that the users do not all sign in at once.
      const usedAtMs = Date.now() - CODE_EVERY_MS * (1 - i / SECURED);
      secured.push({ email: account.email, authenticator: await secure(account), usedAtMs });
    }
    const load = new EncryptedDataLoad(options, { doctor, patient, secured });
    for (let i = 0; i < FIRST_VISITS; i++) await load.#visit();
    const { nextPageToken } = await patient.api.ok("GET /v1/bookings?pageSize=1");
    load.#pageToken = String(nextPageToken);
    return load;
  }

  /** Loads the system during `work`, and then waits until open calls have ended. */
  async during(work: () => Promise<void>): Promise<void> {
    this.#stopped = false;
    const parts = [this.#visit, this.#readSome, this.#repeat, this.#logIn];
    const living = parts.map((part) => this.#goOn(() => part.call(this)));
    try {
      await work();
    } finally {
      this.#stopped = true;
      await Promise.all(living);
    }
  }

  /** Reads all texts again. A text that differs from the written one is a violation. */
  async readAll(): Promise<void> {
    for (const visit of this.#visits) await this.#read(visit);
  }

  describe(): string {
    const done = (["sign in", "repeat", "next page"] as const).map(
      (name) => `${name} ${this.#callStats.okOf(name)}`,
    );
    return `${this.#visits.length} visits written down and read again; ${done.join(", ")}`;
  }

  async #goOn(part: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      await part();
      await delay(PAUSE_MS);
    }
  }

  /** Creates a slot and books it. Completes its consultation with notes, an addendum and a prescription. */
  async #visit(): Promise<void> {
    const number = this.#times++;
    const text = `Notes of visit ${number}`;
    const time = timeFromNow(FIRST_TIME_MS + number * LENGTH_MS, LENGTH_MS);
    const slot = await this.#doctor.decide("offer", `POST /v1/doctors/${this.#doctorId}/slots`, time);
    const slotId = slot.body.id;
    const booked = await this.#keep("book", this.#patient, "POST /v1/bookings", { slotId, reason: text });
    if (booked.kind !== "ok") return;
    const expected = expectedFrom(booked.body);
    this.#expectedBookings.set(expected.id, expected);
    const consultation = `/v1/consultations/${booked.body.consultationId}`;
    if (!(await this.#isThere(consultation))) return;
    await this.#patient.decide("join", `POST ${consultation}:join`, {});
    await this.#doctor.decide("start", `POST ${consultation}:start`, {});
    await this.#doctor.decide("complete", `POST ${consultation}:complete`, { notes: text });
    await this.#keep("add", this.#doctor, `POST ${consultation}/addenda`, { text });
    const content = { content: text, items: [{ medication: text }] };
    const prescribed = await this.#keep(
      "prescribe",
      this.#doctor,
      `POST ${consultation}/prescriptions`,
      content,
    );
    if (prescribed.kind !== "ok") return;
    this.#visits.push({
      booking: `/v1/bookings/${expected.id}`,
      consultation,
      prescription: `/v1/prescriptions/${prescribed.body.id}`,
      text,
    });
  }

  async #isThere(consultation: string): Promise<boolean> {
    const deadline = Date.now() + COMES_ABOUT_MS;
    while (Date.now() < deadline) {
      if ((await this.#doctor.insist("await", `GET ${consultation}`)).kind === "ok") return true;
      await delay(PAUSE_MS);
    }
    this.#callStats.violate(`${consultation} did not come about`);
    return false;
  }

  async #readSome(): Promise<void> {
    await this.#read(this.#random.pick(this.#visits));
  }

  async #read({ booking, consultation, prescription, text }: Visit): Promise<void> {
    const answers = [
      await this.#patient.insist("read again", `GET ${booking}`),
      await this.#patient.insist("read again", `GET ${consultation}`),
      await this.#doctor.insist("read again", `GET ${prescription}`),
    ];
    const [{ reason }, { notes, addenda }, { content, items }] = answers.map(({ body }) => body) as [
      Json,
      Json,
      Json,
    ];
    const seen = [
      reason,
      notes,
      (addenda as Json[] | undefined)?.[0]?.text,
      content,
      (items as Json[] | undefined)?.[0]?.medication,
    ];
    if (seen.some((part) => part !== text))
      this.#callStats.violate(`${booking} reads differently than it was written`);
  }

  /**
   * Repeats an old call. The system must return the first response again, and change nothing. Then uses an
   * old page token, which the system must still accept.
   */
  async #repeat(): Promise<void> {
    const { by, call, sent, answer } = this.#random.pick(this.#answered);
    const again = await by.insist("repeat", call, sent);
    if (again.kind === "ok" && !(again.replayed && JSON.stringify(again.body) === answer))
      this.#callStats.violate(`${call} with the same key was answered otherwise than at first`);
    await this.#patient.insist("next page", `GET /v1/bookings?pageSize=1&pageToken=${this.#pageToken}`);
  }

  async #logIn(): Promise<void> {
    const free = this.#secured.find(({ usedAtMs }) => Date.now() - usedAtMs > CODE_EVERY_MS);
    if (!free) return;
    free.usedAtMs = Date.now();
    const body = { email: free.email, password: PASSWORD };
    const challenge = await this.#anonymous.insist("password", "POST /v1/auth/login", { body });
    if (challenge.kind !== "ok") return;
    const { mfaToken } = challenge.body.mfaChallenge as Json;
    await this.#anonymous.insist("sign in", "POST /v1/auth/login:verifyMfa", {
      body: { mfaToken, code: free.authenticator.next() },
    });
  }

  /** Sends a change, and stores its response, so that `#repeat` can compare it with a later one. */
  async #keep(
    operation: Operation,
    by: RetryingClient<Operation>,
    call: string,
    body: Json,
  ): Promise<Outcome> {
    const sent = { key: randomUUID(), body };
    const outcome = await by.insist(operation, call, sent);
    if (outcome.kind === "ok") this.#answered.push({ by, call, sent, answer: JSON.stringify(outcome.body) });
    return outcome;
  }
}
