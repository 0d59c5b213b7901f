import { randomUUID } from "node:crypto";
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from "mysql2/promise";
import { TABLES } from "./schema.ts";

export interface Answer {
  status: number;
  body: unknown;
}

export interface BookingRequest {
  patientId: string;
  slotId: string;
  reason: string;
  key: string;
  /** SHA-256 of the request with this idempotency key, in hexadecimal. */
  hash: string;
}

const SLOT_MS = 30 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const CONNECTIONS = 16;

/**
 * READ COMMITTED takes no gap locks. With gap locks, two transactions would deadlock if both look for a new
 * idempotency key in the same gap of the index, and then insert it.
 */
const READ_COMMITTED = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
const LIST = `SELECT id, doctor_id AS doctorId, start_time AS startTime, end_time AS endTime, status
  FROM availability_slots WHERE doctor_id = ? AND status = 'OPEN' ORDER BY start_time LIMIT 20`;
const INSERT_SLOTS = "INSERT INTO availability_slots (id, doctor_id, start_time, end_time) VALUES ?";
const FIND_KEY = `SELECT request_hash AS hash, status, response FROM idempotency_keys
  WHERE user_id = ? AND idempotency_key = ? FOR UPDATE`;
const INSERT_KEY = `INSERT INTO idempotency_keys (user_id, idempotency_key, request_hash, create_time)
  VALUES (?, ?, ?, NOW(3))`;
const LOCK_SLOT = `SELECT doctor_id AS doctorId, status, start_time AS startTime, end_time AS endTime
  FROM availability_slots WHERE id = ? FOR UPDATE`;
const INSERT_CONSULTATION = `INSERT INTO consultations
  (id, patient_id, doctor_id, slot_id, status, reason, create_time) VALUES (?, ?, ?, ?, 'SCHEDULED', ?, NOW(3))`;
const TAKE_SLOT = "UPDATE availability_slots SET status = 'BOOKED' WHERE id = ?";
const INSERT_AUDIT = `INSERT INTO audit_logs (user_id, action, resource, resource_id, create_time)
  VALUES (?, 'booking.create', 'consultation', ?, NOW(3))`;
const KEEP_ANSWER =
  "UPDATE idempotency_keys SET status = ?, response = ? WHERE user_id = ? AND idempotency_key = ?";

interface Slot extends RowDataPacket {
  doctorId: string;
  status: string;
  startTime: Date;
  endTime: Date;
}

/** Database of the reference monolith: a pool, prepared statements, and one transaction per booking. */
export class Store {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** @param url URL of a MySQL schema without tables */
  static async open(url: string): Promise<Store> {
    const pool = createPool({ uri: url, connectionLimit: CONNECTIONS, timezone: "Z" });
    pool.pool.on("connection", (connection) => connection.query(READ_COMMITTED, () => {}));
    for (const table of TABLES) await pool.query(table);
    return new Store(pool);
  }

  /** Creates a doctor with this number of open slots. */
  async addDoctor(slots: number): Promise<{ doctorId: string; slotIds: string[] }> {
    const doctorId = randomUUID();
    const beginMs = Date.now() + DAY_MS;
    const slotIds = Array.from({ length: slots }, () => randomUUID());
    const rows = slotIds.map((id, i) => [
      id,
      doctorId,
      new Date(beginMs + i * SLOT_MS),
      new Date(beginMs + (i + 1) * SLOT_MS),
    ]);
    await this.#pool.query(INSERT_SLOTS, [rows]);
    return { doctorId, slotIds };
  }

  async listSlots(doctorId: string): Promise<object[]> {
    const [rows] = await this.#pool.execute<RowDataPacket[]>(LIST, [doctorId]);
    return rows;
  }

  async book(request: BookingRequest): Promise<Answer> {
    const connection = await this.#pool.getConnection();
    try {
      await connection.beginTransaction();
      const answer = await bookIn(connection, request);
      if (answer.status === 201) await connection.commit();
      else await connection.rollback();
      return answer;
    } catch (error) {
      await connection.rollback();
      throw error;
    } finally {
      connection.release();
    }
  }
}

async function bookIn(
  connection: PoolConnection,
  { patientId, slotId, reason, key, hash }: BookingRequest,
): Promise<Answer> {
  const [[first]] = await connection.execute<RowDataPacket[]>(FIND_KEY, [patientId, key]);
  if (first) {
    if (first.hash === hash) return { status: first.status, body: first.response };
    return { status: 422, body: { error: "the key was used for another request" } };
  }
  await connection.execute(INSERT_KEY, [patientId, key, hash]);

  const [[slot]] = await connection.execute<Slot[]>(LOCK_SLOT, [slotId]);
  if (slot?.status !== "OPEN") return { status: 409, body: { error: "the slot is not open" } };

  const id = randomUUID();
  const { doctorId, startTime, endTime } = slot;
  await connection.execute(INSERT_CONSULTATION, [id, patientId, doctorId, slotId, reason]);
  await connection.execute(TAKE_SLOT, [slotId]);
  await connection.execute(INSERT_AUDIT, [patientId, id]);
  const body = { id, slotId, patientId, doctorId, status: "SCHEDULED", startTime, endTime, reason };
  await connection.execute(KEEP_ANSWER, [201, JSON.stringify(body), patientId, key]);
  return { status: 201, body };
}
