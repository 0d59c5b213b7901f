import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ProcessName, ServiceName } from "@medconnect/topology/services.ts";
import { type Account, logIn, signUp, signUpAdmin } from "../support/accounts.ts";
import { type Answer, Api, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type OwnStack, READS, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { book, DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";

/**
 * Maximum response time while clinical or billing is down. It is below 5 s, the time-out of a call to
 * clinical or billing. An idle machine needs 0.3 s.
 */
const ANSWERED_WITHIN_MS = 4000;
/** Maximum time until calls succeed again. Event delivery and connections retry at growing intervals. */
const HEALED_WITHIN_MS = 60_000;
/** Maximum time until a metric shows a change. The processes count their tables every 15 s. */
const COUNTED_WITHIN_MS = 60_000;
const REVOKED_WITHIN_MS = 5000;
/** Time-out of each test. On a busy machine, a service needs half a minute to start. */
const TIMEOUT_MS = 300_000;

let stack: OwnStack;
let api: Api;
/** Several doctors, because a patient may have only a limited number of bookings with one doctor. */
let doctors: Account[];
let patient: Account;
let days = 1;

beforeAll(async () => {
  stack = await startOwnStack();
  api = new Api(stack.urls.gateway);
  doctors = await Promise.all([openPractice(api), openPractice(api), openPractice(api)]);
  patient = await signUp(api, "PATIENT");
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
}, START_TIMEOUT_MS);

/**
 * Creates a slot one day after the previous one. The doctors take turns.
 *
 * @returns the slot's id
 */
const offerTime = (): Promise<string> => offer(doctorInTurn(), days++ * DAY_MS);

const doctorInTurn = (): Account => doctors[days % doctors.length]!;

/** Creates a slot, and books it. The result includes the response time of the booking. */
async function bookTimed(): Promise<Answer & { tookMs: number }> {
  const slotId = await offerTime();
  const startedAtMs = performance.now();
  const answer = await patient.api.send("POST /v1/bookings", { key: true, body: { slotId } });
  return { ...answer, tookMs: performance.now() - startedAtMs };
}

/** Returns the number of scheduling's events that are not yet delivered to a service. */
async function waitingFor(service: ServiceName): Promise<number> {
  const { metricsPort } = stack.ports.scheduling;
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(new RegExp(`^outbox_waiting{destination="${service}"[^}]*} (\\d+)`, "m").exec(metrics)?.[1]);
}

/** Starts a service again, and waits until the gateway has reconnected to it. */
async function bring(service: ServiceName): Promise<void> {
  await stack.processes[service].start();
  await eventually(
    () => patient.api.send(`GET ${READS[service]}`),
    ({ status }) => status === 200,
    HEALED_WITHIN_MS,
  );
}

const becomesThere = (path: unknown): Promise<Answer> =>
  eventually(
    () => patient.api.send(`GET ${path}`),
    ({ status }) => status === 200,
    HEALED_WITHIN_MS,
  );

describe.each([
  ["is killed", async (name: ServiceName) => await stack.processes[name].kill()],
  ["is stopped", async (name: ServiceName) => await stack.processes[name].stop()],
])("while clinical %s", (_how, end) => {
  test(
    "while clinical is away, bookings respond in time, and get their consultations afterwards",
    async () => {
      await end("clinical");
      const booked = [await bookTimed(), await bookTimed()];
      for (const { status, body, tookMs } of booked) {
        expect({ status, state: body.status }).toEqual({ status: 201, state: "CONFIRMED" });
        expect(tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
      }
      const read = await patient.api.send(`GET /v1/consultations/${booked[0]!.body.consultationId}`);
      expect(refusal(read)).toEqual({ status: 503, reason: "UNAVAILABLE" });
      expect(Number(read.headers.get("retry-after"))).toBeGreaterThan(0);
      await eventually(
        () => waitingFor("clinical"),
        (waiting) => waiting >= booked.length,
        COUNTED_WITHIN_MS,
      );

      await bring("clinical");
      for (const { body } of booked) {
        const { body: consultation } = await becomesThere(`/v1/consultations/${body.consultationId}`);
        expect(consultation).toMatchObject({ status: "SCHEDULED", bookingId: body.id });
      }
    },
    TIMEOUT_MS,
  );
});

test(
  "while billing is away, paid slots can be held, and get their payments afterwards",
  async () => {
    const doctor = doctorInTurn();
    await doctor.api.ok(`PATCH /v1/doctors/${doctor.id}`, { body: { fee: FEE } });
    await stack.processes.billing.kill();
    const { status, body, tookMs } = await bookTimed();
    expect({ status, state: body.status }).toEqual({ status: 201, state: "PENDING_PAYMENT" });
    expect(tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
    await bring("billing");
    const payment = await becomesThere(`/v1/payments/${body.paymentId}`);
    expect(payment.body).toMatchObject({ status: "REQUIRES_AUTHORIZATION", amount: FEE });
    await doctor.api.ok(`PATCH /v1/doctors/${doctor.id}?updateMask=fee`, { body: {} });
  },
  TIMEOUT_MS,
);

test(
  "an acknowledged booking and its key survive scheduling's death",
  async () => {
    const slotId = await offerTime();
    const sent = { key: "over-the-death", body: { slotId } };
    const made = await patient.api.send("POST /v1/bookings", sent);
    await stack.processes.scheduling.kill();
    expect((await patient.api.send("GET /v1/bookings")).status).toBe(503);
    await bring("scheduling");
    const again = await eventually(
      () => patient.api.send("POST /v1/bookings", sent),
      ({ status }) => status !== 503,
      HEALED_WITHIN_MS,
    );
    expect(again.text).toBe(made.text);
    await becomesThere(`/v1/consultations/${made.body.consultationId}`);
  },
  TIMEOUT_MS,
);

test(
  "an admin sees which service is missing, and gets no audit trail with a gap",
  async () => {
    const admin = await signUpAdmin(api, stack, stack.schemaPrefix);
    await stack.processes.clinical.kill();
    expect(await admin.api.ok("GET /v1/admin/stats")).toMatchObject({
      unavailable: ["clinical"],
      usersByRole: { DOCTOR: expect.stringMatching(/^[1-9]/) },
    });
    expect((await admin.api.send("GET /v1/admin/audit-events")).status).toBe(503);
    expect((await admin.api.send("GET /v1/admin/audit-events?service=billing")).status).toBe(200);
    await bring("clinical");
  },
  TIMEOUT_MS,
);

test(
  "while auth is away, the others stay ready, serve public calls and refuse signed-in ones",
  async () => {
    const others = ["gateway", "scheduling", "clinical", "billing"] as const;
    const probe = async (name: ProcessName, path: string) =>
      (await fetch(`http://127.0.0.1:${stack.ports[name].metricsPort}${path}`)).status;
    const signedIn = () => patient.api.send("GET /v1/bookings");
    await stack.processes.auth.kill();
    await eventually(signedIn, ({ body }) => body.reason === "REVOCATION_UNKNOWN");
    expect(await Promise.all(others.map((name) => probe(name, "/readyz")))).toEqual(others.map(() => 200));
    expect((await api.send("GET /v1/doctors")).status).toBe(200);

    await stack.processes.scheduling.kill();
    const started = stack.processes.scheduling.start();
    await eventually(
      () => probe("scheduling", "/healthz").catch(() => 0),
      (status) => status === 200,
      HEALED_WITHIN_MS,
    );
    expect(await probe("scheduling", "/readyz")).toBe(503);
    await stack.processes.auth.start();
    await started;
    for (const path of Object.values(READS)) await becomesThere(path);
  },
  TIMEOUT_MS,
);

describe("while Redis is away", () => {
  const redis = () => stack.databases.engines.redis!.server;
  beforeAll(() => redis().kill());
  afterAll(() => redis().start(), TIMEOUT_MS);

  test(
    "sign-in, reads, offers and bookings continue",
    async () => {
      const { api: own } = await logIn(api, patient);
      const statuses = [
        (await own.send("GET /v1/bookings")).status,
        (await api.send("GET /v1/doctors")).status,
        (await bookTimed()).status,
        (await own.send("GET /v1/consultations")).status,
        (await own.send("GET /v1/payments")).status,
      ];
      expect(statuses).toEqual([200, 200, 201, 200, 200]);
    },
    TIMEOUT_MS,
  );

  test(
    "every service refuses an ended session within 5 s",
    async () => {
      const other = await logIn(api, patient);
      await other.api.ok("POST /v1/auth/logout");
      const reads = Object.values(READS);
      await eventually(
        () => Promise.all(reads.map(async (path) => (await other.api.send(`GET ${path}`)).status)),
        (statuses) => statuses.every((status) => status === 401),
        REVOKED_WITHIN_MS,
      );
    },
    TIMEOUT_MS,
  );
});

test(
  "once Redis is back, every service refuses an ended session within 5 s",
  async () => {
    const other = await logIn(api, patient);
    await book(other, await offerTime());
    await other.api.ok("POST /v1/auth/logout");
    await eventually(
      () => other.api.send("GET /v1/bookings"),
      ({ status }) => status === 401,
      REVOKED_WITHIN_MS,
    );
  },
  TIMEOUT_MS,
);
