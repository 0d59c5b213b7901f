import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import type { HttpClient } from "./http-client.ts";
import type { Random } from "./random.ts";
import { RetryingClient } from "./retrying-client.ts";

const THINK_MS = 2000;
/** Probability that the admin revokes the licence of the chosen doctor. */
const REVOKE_SHARE = 0.5;
const STOP_SHARE = 0.5;

const EXPECTED = { "list licences": [], verify: [], revoke: [], claim: [] } as const;

type Client = RetryingClient<keyof typeof EXPECTED>;

interface Practitioner {
  id: string;
  fullName: string;
  token: string;
}

/**
 * A simulated admin, who revokes the licences of some doctors, and verifies their new licences. Stores each
 * acknowledged decision for later checks.
 */
export class Registrar {
  /** Acknowledged decisions, by licence id. */
  readonly decisions = new Map<string, "VERIFIED" | "REVOKED">();
  /** Ids of doctors whose licence the admin asked to revoke, whether the call was acknowledged or not. */
  readonly revokesAsked = new Set<string>();
  readonly client: Client;
  readonly #random: Random;
  readonly #doctors: { id: string; fullName: string; client: Client }[];
  #stopped = false;

  constructor(options: { token: string; http: HttpClient; random: Random; doctors: Practitioner[] }) {
    const { http, random, doctors } = options;
    this.client = new RetryingClient({ ...options, expected: EXPECTED });
    this.#random = random;
    this.#doctors = doctors.map(({ id, fullName, token }) => ({
      id,
      fullName,
      client: new RetryingClient({ token, http, random, expected: EXPECTED }),
    }));
  }

  /**
   * Uses the system until `stop` is called. Returns once the outcome of each pending call is known.
   * Afterwards, some of the doctors may have no licence.
   */
  async live(): Promise<void> {
    this.#stopped = false;
    while (!this.#stopped) {
      await this.#act();
      await delay(this.#random.next() * THINK_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #act(): Promise<void> {
    const doctor = this.#random.pick(this.#doctors);
    const call = `GET /v1/admin/licenses?status=VERIFIED&doctorId=${doctor.id}`;
    const { kind, body } = await this.client.look("list licences", call);
    if (kind !== "ok") return;
    const [verified] = body.licenses as Json[];
    if (!verified) await this.#license(doctor);
    else if (this.#random.next() < REVOKE_SHARE) await this.#revoke(doctor.id, String(verified.id));
  }

  async #revoke(doctorId: string, licenseId: string): Promise<void> {
    this.revokesAsked.add(doctorId);
    const stopPrescriptions = this.#random.next() < STOP_SHARE;
    const call = `POST /v1/admin/licenses/${licenseId}:revoke`;
    const revoked = await this.client.decide("revoke", call, { reason: "Struck off", stopPrescriptions });
    if (revoked.kind === "ok") this.decisions.set(licenseId, "REVOKED");
  }

  /** Lets the doctor submit another licence, and verifies it as the admin. */
  async #license({ id, fullName, client }: { id: string; fullName: string; client: Client }): Promise<void> {
    client.callStats = this.client.callStats;
    const claim = { number: `F-${randomUUID().slice(-12)}`, region: "US-CA" };
    const claimed = await client.decide("claim", `POST /v1/doctors/${id}/licenses`, claim);
    if (claimed.kind !== "ok") return;
    const licenseId = String(claimed.body.id);
    const verify = `POST /v1/admin/licenses/${licenseId}:verify`;
    const verified = await this.client.decide("verify", verify, { doctorName: fullName });
    if (verified.kind === "ok") this.decisions.set(licenseId, "VERIFIED");
  }
}
