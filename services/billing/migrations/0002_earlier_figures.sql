-- Figures of the money moved before this migration. Reads without locks, so that nothing waits for it.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
INSERT INTO daily_totals (day, figure, label, total)
  SELECT DATE(create_time), 'AMOUNT_CAPTURED', currency, SUM(debit_minor) FROM ledger_entries
  WHERE kind = 'CAPTURE' GROUP BY 1, 3
  UNION ALL
  SELECT DATE(create_time), 'AMOUNT_REFUNDED', currency,
    SUM(IF(kind = 'REFUND', CAST(debit_minor AS SIGNED), -CAST(debit_minor AS SIGNED))) FROM ledger_entries
  WHERE kind IN ('REFUND', 'REFUND_REVERSAL') GROUP BY 1, 3;
