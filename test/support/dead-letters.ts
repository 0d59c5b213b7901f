import { randomUUID } from "node:crypto";
import { queueMail, type Recipient } from "@medconnect/auth/src/mail/queue-mail.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import { deliveriesOf, type NewEvent } from "@medconnect/platform/outbox/event.ts";
import { insertDeliveries } from "@medconnect/platform/outbox/outbox-store.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { createConnection } from "mysql2/promise";
import { type Running, schemaOf, sharedSecrets, sharedStack } from "./stack.ts";

const TIMEOUT_MS = 10_000;
const HOUR_MS = 3_600_000;

async function onDatabase<T>(
  service: ServiceName,
  work: (db: Database, cipher: FieldCipher) => Promise<T>,
): Promise<T> {
  const url = `${sharedStack().urls.mysql}/medconnect_${service}`;
  const db = new Database({ url, poolSize: 1, timeoutMs: TIMEOUT_MS });
  const cipher = new FieldCipher(Buffer.from(sharedSecrets().dataKeys[service], "base64"));
  return await work(db, cipher).finally(() => db.close());
}

/**
 * Adds a dead event to billing's outbox, as billing writes it. Its booking does not exist, so scheduling applies
 * it without an effect. @returns the event's id
 */
export const addDeadEvent = (): Promise<string> =>
  onDatabase("billing", async (db, cipher) => {
    const now = systemClock.now();
    const event: NewEvent = {
      type: "payment.cancelled",
      aggregateId: newId(),
      version: 1,
      state: { $case: "payment", value: { bookingId: newId(), authorizeTime: undefined } },
    };
    const deliveries = deliveriesOf([event], { "payment.cancelled": ["scheduling"] }, now);
    const id = deliveries[0]!.event.id;
    const hash = await openKeyedHash(db, cipher);
    await db.transaction(async (tx) => {
      insertDeliveries(tx, deliveries, now, hash);
      tx.defer(
        "UPDATE outbox SET dead = TRUE, refusals = 25, last_error = 'CONFLICT', available_time = ? WHERE id = ?",
        [now, id],
      );
    });
    return id;
  });

/** Adds a dead mail to a user, as auth writes it. @returns the mail's id */
export const addDeadMail = (recipient: Recipient): Promise<string> =>
  onDatabase("auth", async (db, cipher) => {
    const mailJob = { kick: () => {} } as Job;
    let id = "";
    await db.transaction(async (tx) => {
      queueMail({ cipher, clock: systemClock, mailJob }, tx, recipient, { template: "mfa-reset" });
      const [row] = await tx.read<{ id: string }>("SELECT id FROM mails WHERE user_id = ?", [
        binaryId(recipient.id),
      ]);
      id = row!.id;
      tx.defer("UPDATE mails SET dead = TRUE, tries = 1, last_error = 'EENVELOPE 550' WHERE id = ?", [
        binaryId(id),
      ]);
    });
    return id;
  });

/** A dead event and a dead mail that stay where they are, whatever callers do with them. */
export interface DeadLetters {
  /** Id of an event in the outbox of each service. No service is its destination. */
  event: string;
  /** Id of a mail that cannot be decrypted, and so not be sent. */
  mail: string;
}

export async function addDeadLetters(stack: Running, userId: string): Promise<DeadLetters> {
  const [event, mail] = [randomUUID(), randomUUID()];
  const now = systemClock.now();
  const end = new Date(now.getTime() + HOUR_MS);
  await onServer(stack, async (query) => {
    for (const service of SERVICES) {
      await query(
        `INSERT INTO ${schemaOf(stack, service)}.outbox (id, aggregatetype, aggregateid, type, payload, destination,
           create_time, available_time, refusals, last_error, dead)
         VALUES (?, 'test', ?, 'test.dead', '', 'nowhere', ?, ?, 25, 'INTERNAL', TRUE)`,
        [event, randomUUID(), now, now],
      );
    }
    await query(
      `INSERT INTO ${schemaOf(stack, "auth")}.mails (id, user_id, template, content, create_time, expire_time,
         available_time, tries, last_error, dead) VALUES (?, ?, 'mfa-reset', '', ?, ?, ?, 1, 'EENVELOPE 550', TRUE)`,
      [binaryId(mail), binaryId(userId), now, end, now],
    );
  });
  return { event, mail };
}

export const deleteDeadLetters = (stack: Running, { event, mail }: DeadLetters): Promise<void> =>
  onServer(stack, async (query) => {
    for (const service of SERVICES)
      await query(`DELETE FROM ${schemaOf(stack, service)}.outbox WHERE id = ?`, [event]);
    await query(`DELETE FROM ${schemaOf(stack, "auth")}.mails WHERE id = ?`, [binaryId(mail)]);
  });

async function onServer(
  { urls }: Running,
  work: (query: (sql: string, values: unknown[]) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const connection = await createConnection({ uri: urls.mysql, timezone: "Z" });
  try {
    await work((sql, values) => connection.query(sql, values));
  } finally {
    await connection.end();
  }
}
