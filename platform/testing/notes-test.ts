import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import {
  Booking,
  BookingServiceService,
  type CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Asked, GroupedUseCase } from "../changes/group-commit.ts";
import { binaryId } from "../db/binary-id.ts";
import type { Transaction } from "../db/transaction.ts";
import type { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { newId } from "../ids/ids.ts";
import type { Relay } from "../outbox/relay.ts";
import { changesOn } from "./changes-on.ts";
import { invoke, startTestService, type TestService, userCaller } from "./test-service.ts";

type Handler = (request: CreateBookingRequest, call: Call) => Promise<Booking>;

/** A note that is longer than its column, so that MySQL refuses it. */
export const TOO_LONG = "x".repeat(300);

/**
 * A service for all tests of a file. Its grouped use case writes the notes of several requests in one
 * transaction. The type of the requests is CreateBookingRequest, and `reason` holds the note.
 */
export class NotesTest {
  /** Number of requests in each group, in the order in which the groups ran. */
  groups: number[] = [];
  /** Called before each request is decided. */
  deciding: (asked: Asked<CreateBookingRequest>) => void = () => {};
  /** Called for each group before it locks rows. */
  locking: (asked: Asked<CreateBookingRequest>[]) => Promise<void> = async () => {};
  handler: Handler = () => Promise.reject(new Error("the service has not started"));
  readonly caller = userCaller("PATIENT");
  #service: TestService | undefined;

  /** Registers the hooks that start and stop the service. */
  constructor() {
    beforeAll(async () => {
      this.#service = await startTestService("scheduling");
      await this.service.db.write(
        "CREATE TABLE notes (id BINARY(16) PRIMARY KEY, note VARCHAR(200), writes INT NOT NULL)",
      );
    });
    afterAll(() => this.service.close());
    beforeEach(() => {
      this.handler = this.service.calls.grouped(this.#writeNote);
      this.groups = [];
      this.deciding = () => {};
      this.locking = async () => {};
    });
  }

  get service(): TestService {
    if (!this.#service) throw new Error("the service has not started");
    return this.#service;
  }

  /** Sends the events of all further requests to this relay. */
  useRelay(relay: Pick<Relay, "send">): void {
    this.handler = changesOn(this.service, { relay }).calls.grouped(this.#writeNote);
  }

  /** Inserts empty notes. @returns their ids */
  async insert(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => newId());
    await this.service.db.transaction(async (tx) =>
      tx.defer("INSERT INTO notes (id, note, writes) VALUES ?", [ids.map((id) => [binaryId(id), "", 0])]),
    );
    return ids;
  }

  send(sent: CreateBookingRequest, by = this.caller) {
    return invoke(BookingServiceService.createBooking, this.handler, by, sent);
  }

  async writesOf(ids: string[]): Promise<number[]> {
    const rows = await this.service.db.transaction((tx) =>
      tx.read<{ writes: number }>("SELECT writes FROM notes WHERE id IN (?) ORDER BY id", [
        ids.map(binaryId),
      ]),
    );
    return rows.map(({ writes }) => writes);
  }

  readonly #writeNote: GroupedUseCase<CreateBookingRequest, number, Asked<CreateBookingRequest>, Booking> = {
    rowsOf: ({ request }) => [request.slotId],
    lock: (tx, asked) => this.#lock(tx, asked),
    decide: (_, asked) => {
      this.deciding(asked);
      return asked;
    },
    write: (tx, plans) => {
      for (const { request } of plans) {
        tx.defer("UPDATE notes SET note = ?, writes = writes + 1 WHERE id = ?", [
          request.reason,
          binaryId(request.slotId),
        ]);
      }
      return plans.map(({ request }) => ({
        response: Booking.fromPartial({ id: request.slotId, reason: request.reason }),
        entries: [{ resource: `notes/${request.slotId}`, subjectIds: [] }],
      }));
    },
  };

  async #lock(tx: Transaction, asked: Asked<CreateBookingRequest>[]): Promise<(number | undefined)[]> {
    this.groups.push(asked.length);
    await this.locking(asked);
    const ids = asked.map(({ request }) => request.slotId);
    const rows = await tx.lock<{ id: string; writes: number }>(
      "SELECT id, writes FROM notes WHERE id IN (?) ORDER BY id FOR UPDATE",
      [ids.map(binaryId)],
    );
    const found = new Map(rows.map(({ id, writes }) => [id, writes]));
    return ids.map((id) => found.get(id));
  }
}

/** Makes a request to write a note. */
export const noteOf = (slotId: string, idempotencyKey: string = newId(), reason = "text") => ({
  slotId,
  reason,
  idempotencyKey,
  patientRegion: "",
});

/** Outcome of each request: "ok" or the reason of the error. */
export async function outcomes(sent: Promise<unknown>[]): Promise<string[]> {
  return (await Promise.allSettled(sent)).map((result) =>
    result.status === "fulfilled" ? "ok" : ((result.reason as ApiError).reason ?? "INTERNAL"),
  );
}
