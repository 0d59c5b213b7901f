import type { Database } from "@medconnect/platform/db/database.ts";

/** Queries that find errors in the ledger. Each query is one statement, so that it reads one snapshot. */
export const CHECKS = {
  "debits differ from credits": `
    SELECT transaction_id AS name, SUM(debit_minor) AS expected, SUM(credit_minor) AS found
    FROM ledger_entries GROUP BY transaction_id, currency
    HAVING SUM(debit_minor) <> SUM(credit_minor)`,
  "a payment's clearing balance differs from its amount less refunds": `
    SELECT p.id AS name,
      IF(p.status IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'), p.amount_minor - p.refunded_minor, 0)
        AS expected,
      COALESCE(l.minor, 0) AS found
    FROM payments p LEFT JOIN (
      SELECT payment_id, SUM(CAST(debit_minor AS SIGNED) - CAST(credit_minor AS SIGNED)) AS minor
      FROM ledger_entries WHERE account LIKE 'provider\\_clearing:%' GROUP BY payment_id
    ) l ON l.payment_id = p.id
    HAVING expected <> found`,
  "a doctor's balance differs from the captured amounts less refunds": `
    SELECT p.account AS name, p.minor AS expected, COALESCE(l.minor, 0) AS found
    FROM (
      SELECT CONCAT('doctor:', BIN_TO_UUID(doctor_id)) AS account, currency,
        SUM(CAST(amount_minor AS SIGNED) - CAST(refunded_minor AS SIGNED)) AS minor
      FROM payments WHERE status IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')
      GROUP BY doctor_id, currency
    ) p LEFT JOIN (
      SELECT account, currency, SUM(CAST(credit_minor AS SIGNED) - CAST(debit_minor AS SIGNED)) AS minor
      FROM ledger_entries WHERE account LIKE 'doctor:%' GROUP BY account, currency
    ) l ON l.account = p.account AND l.currency = p.currency
    HAVING expected <> found`,
  "an entry has no payment": `
    SELECT l.transaction_id AS name, 0 AS expected, l.debit_minor + l.credit_minor AS found
    FROM ledger_entries l LEFT JOIN payments p ON p.id = l.payment_id WHERE p.id IS NULL`,
  "a payment's refunded sum differs from its refunds": `
    SELECT p.id AS name, p.refunded_minor AS expected, COALESCE(r.minor, 0) AS found
    FROM payments p LEFT JOIN (
      SELECT payment_id, SUM(amount_minor) AS minor FROM refunds WHERE status = 'SUCCEEDED'
      GROUP BY payment_id
    ) r ON r.payment_id = p.id
    HAVING expected <> found`,
  "a payment's refunding sum differs from its refunds": `
    SELECT p.id AS name, p.refunding_minor AS expected, COALESCE(r.minor, 0) AS found
    FROM payments p LEFT JOIN (
      SELECT payment_id, SUM(amount_minor) AS minor FROM refunds WHERE status = 'PENDING'
      GROUP BY payment_id
    ) r ON r.payment_id = p.id
    HAVING expected <> found`,
  "refunds exceed the charge": `
    SELECT id AS name, amount_minor AS expected, refunded_minor + refunding_minor AS found
    FROM payments WHERE refunded_minor + refunding_minor > amount_minor`,
} as const;

export type Check = keyof typeof CHECKS;

export const CHECK_NAMES = Object.keys(CHECKS) as Check[];

export interface Violation {
  check: Check;
  /** Id of the faulty transaction or payment, or name of the faulty account. */
  name: string;
  expected: number;
  found: number;
}

/** Returns at most 100 violations of each check. MySQL returns sums as text, which is converted here. */
export async function findViolations(db: Database): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const check of CHECK_NAMES) {
    const rows = await db.read<{ name: string; expected: string; found: string }>(
      `${CHECKS[check]} LIMIT 100`,
    );
    for (const { name, expected, found } of rows) {
      violations.push({ check, name, expected: Number(expected), found: Number(found) });
    }
  }
  return violations;
}
