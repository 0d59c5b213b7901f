-- Double entry: each movement of money is one transaction, whose debits equal its credits. An account's balance is the
-- sum of its entries. A transaction is named by what moved the money (a capture by its payment, a refund by itself), so
-- that the key lets each movement be booked once.
CREATE TABLE ledger_entries (
  transaction_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'provider_clearing:{name}, doctor:{id}',
  kind ENUM ('CAPTURE', 'REFUND') NOT NULL,
  payment_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  debit_minor BIGINT UNSIGNED NOT NULL,
  credit_minor BIGINT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  PRIMARY KEY (transaction_id, account),
  KEY ledger_entries_by_payment (payment_id),
  KEY ledger_entries_by_account (account),
  CONSTRAINT debit_or_credit CHECK ((debit_minor = 0) <> (credit_minor = 0))
) COMMENT = 'append-only';

-- What was given back before refunds had rows of their own.
INSERT INTO refunds (id, payment_id, status, amount_minor, reason, create_time)
SELECT UUID(), id, 'SUCCEEDED', refunded_minor, '', COALESCE(capture_time, create_time)
FROM payments p
WHERE refunded_minor > 0 AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id);

-- What moved before there was a ledger.
INSERT INTO ledger_entries
SELECT id, CONCAT('provider_clearing:', provider), 'CAPTURE', id, currency, amount_minor, 0, capture_time
FROM payments WHERE status IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')
UNION ALL
SELECT id, CONCAT('doctor:', doctor_id), 'CAPTURE', id, currency, 0, amount_minor, capture_time
FROM payments WHERE status IN ('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')
UNION ALL
SELECT r.id, CONCAT('provider_clearing:', p.provider), 'REFUND', p.id, p.currency, 0, r.amount_minor, r.create_time
FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.status = 'SUCCEEDED'
UNION ALL
SELECT r.id, CONCAT('doctor:', p.doctor_id), 'REFUND', p.id, p.currency, r.amount_minor, 0, r.create_time
FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.status = 'SUCCEEDED';
