import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { SELECT_PAYMENTS } from "../payments/payment-store.ts";

const LIST = `${SELECT_PAYMENTS} WHERE status IN ('PROCESSING', 'AUTHORIZED') AND id > ? ORDER BY id LIMIT ?`;
const FIRST = "00000000-0000-0000-0000-000000000000";

/** Lists a page of the payments whose charge at the provider may still change, in order of their ids. */
export const listOpenPayments = (db: Database, after = FIRST, limit: number): Promise<PaymentRow[]> =>
  db.read<PaymentRow>(LIST, [binaryId(after), limit]);
