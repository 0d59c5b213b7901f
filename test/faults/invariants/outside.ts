import type { Json } from "../../support/api.ts";
import { Grpc } from "../../support/grpc.ts";
import type { Doctor } from "../doctor.ts";
import { type BookingHolder, contradiction, expectedFrom } from "../expected-booking.ts";
import type { System } from "../system.ts";
import { contradiction as contradictionOfConsultation } from "./acknowledged-consultations.ts";

const PAGE_SIZE = 100;

/** Reads each user's lists over HTTP and over gRPC, and compares them with the acknowledged states. */
export async function contradictionsOutside(
  system: System,
  bookingHolders: readonly BookingHolder[],
  doctors: readonly Doctor[],
): Promise<string[]> {
  const { scheduling, clinical } = system.stack.addresses;
  const bookings = new Lists(
    system,
    "bookings",
    new Grpc(scheduling),
    "scheduling.v1.BookingService/ListBookings",
  );
  const consultations = new Lists(
    system,
    "consultations",
    new Grpc(clinical),
    "clinical.v1.ConsultationService/ListConsultations",
  );
  const wrong: string[] = [];
  try {
    for (const { expectedBookings, token } of bookingHolders) {
      wrong.push(
        ...(await bookings.contradictions(token, expectedBookings, (expected, seen) =>
          contradiction(expected, expectedFrom(seen)),
        )),
      );
    }
    for (const { consultations: expected, token } of doctors) {
      wrong.push(
        ...(await consultations.contradictions(
          token,
          expected,
          (consultation, { status, startTime, noShowParty }) =>
            contradictionOfConsultation(consultation, { status, startTime: timeOf(startTime), noShowParty }),
        )),
        ...(await contradictionsOfNotes(system, token, expected)),
      );
    }
  } finally {
    bookings.close();
    consultations.close();
  }
  return wrong;
}

/** Parses a Timestamp, which JSON and gRPC represent differently. */
function timeOf(timestamp: unknown): Date {
  if (typeof timestamp === "string") return new Date(timestamp);
  const { seconds, nanos } = timestamp as { seconds: string; nanos: number };
  return new Date(Number(seconds) * 1000 + nanos / 1_000_000);
}

/**
 * Finds completed consultations whose notes differ from the acknowledged notes. Reads each consultation
 * alone, because lists omit notes.
 */
async function contradictionsOfNotes(
  { http }: System,
  token: string,
  expected: Doctor["consultations"],
): Promise<string[]> {
  const completed = [...expected.values()].filter(({ status }) => status === "COMPLETED");
  const wrong: string[] = [];
  for (const { id, notes } of completed) {
    const { kind, body, reason } = await http.send(`GET /v1/consultations/${id}`, { token });
    if (kind !== "ok") wrong.push(`consultation ${id} cannot be read: ${reason}`);
    else if (body.notes !== notes) wrong.push(`the notes of consultation ${id} are not those of its doctor`);
  }
  return wrong;
}

/** Lists the items of one resource, over HTTP and over gRPC. */
class Lists {
  readonly #system: System;
  readonly #kind: "bookings" | "consultations";
  readonly #direct: Grpc;
  readonly #method: string;

  constructor(system: System, kind: "bookings" | "consultations", direct: Grpc, method: string) {
    this.#system = system;
    this.#kind = kind;
    this.#direct = direct;
    this.#method = method;
  }

  /** Finds items that a user's list lacks or contains twice, or that contradict the acknowledged state. */
  async contradictions<T>(
    token: string,
    acknowledged: ReadonlyMap<string, T>,
    contradictionOf: (expected: T, seen: Json) => string | undefined,
  ): Promise<string[]> {
    const wrong: string[] = [];
    for (const [way, things] of Object.entries({
      HTTP: await this.#overHttp(token),
      gRPC: await this.#overGrpc(token),
    })) {
      const ids = new Set(things.map(({ id }) => id));
      if (ids.size !== things.length) wrong.push(`one of the ${this.#kind} is listed twice over ${way}`);
      for (const id of acknowledged.keys())
        if (!ids.has(id)) wrong.push(`${id} of the ${this.#kind} is not listed over ${way}`);
      for (const seen of things) {
        const expected = acknowledged.get(String(seen.id));
        const problem = expected && contradictionOf(expected, seen);
        if (problem) wrong.push(`${problem} (${way})`);
      }
    }
    return wrong;
  }

  async #overHttp(token: string): Promise<Json[]> {
    return await this.#allPages(async (pageToken) => {
      const path = `/v1/${this.#kind}?pageSize=${PAGE_SIZE}&pageToken=${encodeURIComponent(pageToken)}`;
      const { kind, body, reason } = await this.#system.http.send(`GET ${path}`, { token });
      if (kind !== "ok") throw new Error(`${this.#kind} cannot be listed: ${reason}.`);
      return body;
    });
  }

  async #overGrpc(token: string): Promise<Json[]> {
    return await this.#allPages(async (pageToken) => {
      const request = { pageSize: PAGE_SIZE, pageToken };
      const { name, body } = await this.#direct.call(this.#method, request, { token });
      if (name !== "OK") throw new Error(`${this.#kind} cannot be listed over gRPC: ${name}.`);
      return body;
    });
  }

  async #allPages(ask: (pageToken: string) => Promise<Json>): Promise<Json[]> {
    const things: Json[] = [];
    let pageToken = "";
    do {
      const page = await ask(pageToken);
      things.push(...(page[this.#kind] as Json[]));
      pageToken = String(page.nextPageToken ?? "");
    } while (pageToken !== "");
    return things;
  }

  close(): void {
    this.#direct.close();
  }
}
