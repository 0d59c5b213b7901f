import type { AcknowledgedRefund, RefundingAdmin } from "../refunding-admin.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends AcknowledgedRefund {
  id: string;
  /** 1 if an admin requested it; 0 for a release at a booking's end. */
  isAskedFor: number;
}

const STORED = `SELECT id, payment_id AS paymentId, amount_minor AS amountMinor, status, key_id IS NOT NULL AS isAskedFor
  FROM billing.refunds`;

/** Checks that each acknowledged refund exists once with its amount, and no other requested refund. */
export async function unacknowledgedRefunds(
  schemas: Schemas,
  { refunds }: RefundingAdmin,
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const lost = [...refunds].flatMap(([id, told]) => {
    const row = byId.get(id);
    const isKept =
      row?.paymentId === told.paymentId &&
      Number(row.amountMinor) === told.amountMinor &&
      (row.status === told.status || told.status === "PENDING");
    return isKept ? [] : [`acknowledged refund ${id}, ${told.status}, is ${row?.status ?? "lost"}`];
  });
  const untold = stored.filter(({ id, isAskedFor }) => isAskedFor && !refunds.has(id));
  return [...lost, ...untold.map(({ id, status }) => `nobody was told of refund ${id}, which is ${status}`)];
}
