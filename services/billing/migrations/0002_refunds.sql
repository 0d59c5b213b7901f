ALTER TABLE payments
  ADD COLUMN refunding_minor BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of refunds that are PENDING' AFTER refunded_minor;

-- Money that goes back. The id is the provider's idempotency key.
CREATE TABLE refunds (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  payment_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('PENDING', 'SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  reason VARBINARY(2100) NOT NULL COMMENT 'sealed',
  key_id BINARY(32) NULL COMMENT 'the idempotency key whose answer is the outcome; null where nobody asked',
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  settle_time DATETIME(3) NULL COMMENT 'when the settler takes it up; null once it has ended',
  settle_tries INT UNSIGNED NOT NULL DEFAULT 0,
  KEY refunds_by_payment (payment_id, create_time, id),
  KEY refunds_due (settle_time)
);

-- The stub provider's memory of refunds.
CREATE TABLE stub_refunds (
  refund_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  KEY stub_refunds_by_charge (attempt_id)
);

ALTER TABLE stub_charges
  ADD COLUMN refund_status ENUM ('SUCCEEDED', 'FAILED') NOT NULL DEFAULT 'SUCCEEDED' COMMENT 'how its refunds end';
