import type { AcknowledgedRefund, RefundingAdmin } from "../refunding-admin.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends AcknowledgedRefund {
  id: string;
  /** 1 if an admin requested the refund; 0 if the system made it because the fee was released. */
  isAskedFor: number;
}

const STORED = `SELECT id, payment_id AS paymentId, amount_minor AS amountMinor, status, key_id IS NOT NULL AS isAskedFor
  FROM billing.refunds`;

/** Checks that each acknowledged refund is stored once with its amount, and that admins made no others. */
export async function unacknowledgedRefunds(
  schemas: Schemas,
  { refunds }: RefundingAdmin,
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const lost = [...refunds].flatMap(([id, acknowledged]) => {
    const row = byId.get(id);
    const isKept =
      row?.paymentId === acknowledged.paymentId &&
      Number(row.amountMinor) === acknowledged.amountMinor &&
      (row.status === acknowledged.status || acknowledged.status === "PENDING");
    return isKept ? [] : [`acknowledged refund ${id}, ${acknowledged.status}, is ${row?.status ?? "lost"}`];
  });
  const unacknowledged = stored.filter(({ id, isAskedFor }) => isAskedFor && !refunds.has(id));
  return [
    ...lost,
    ...unacknowledged.map(({ id, status }) => `refund ${id}, ${status}, was never acknowledged`),
  ];
}
