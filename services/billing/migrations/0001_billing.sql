-- Payments, refunds, ledger and webhooks. Times are UTC. Amounts are in minor units of the currency.

CREATE TABLE payments (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'chosen by the booking',
  booking_id BINARY(16) NOT NULL,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM (
    'REQUIRES_AUTHORIZATION', 'PROCESSING', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', 'PARTIALLY_REFUNDED', 'VOIDED', 'CANCELLED'
  ) NOT NULL,
  fee_decision ENUM ('RELEASE', 'CHARGE') NULL COMMENT 'null until the booking ends',
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  proof BINARY(32) NOT NULL COMMENT 'keyed hash of ids and amount; an attempt without a valid one is refused',
  refunded_minor BIGINT UNSIGNED NOT NULL DEFAULT 0,
  refunding_minor BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'sum of PENDING refunds',
  hold_expire_time DATETIME(3) NOT NULL COMMENT 'end of the time for new attempts',
  attempt_id BINARY(16) NULL COMMENT 'latest attempt',
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'charge at the provider: of replaced_attempt_id while that is set, else of attempt_id',
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  authorize_time DATETIME(3) NULL,
  authorization_expire_time DATETIME(3) NULL,
  capture_time DATETIME(3) NULL,
  version INT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  process_time DATETIME(3) NULL COMMENT 'next try of the pending step; null without a step and after the last try',
  process_tries INT UNSIGNED NOT NULL DEFAULT 0,
  due_since DATETIME(3) NULL COMMENT 'start of the pending step; null without one',
  replaced_attempt_id BINARY(16) NULL COMMENT 'attempt to cancel at the provider before attempt_id is sent',
  UNIQUE KEY one_payment_a_booking (booking_id),
  KEY payments_by_patient (patient_id, create_time, id),
  KEY payments_by_time (create_time, id),
  KEY payments_by_status (status, create_time, id),
  KEY payments_due (process_time),
  KEY payments_expiring (status, authorization_expire_time),
  KEY payments_due_since (due_since)
);

-- Authorization attempts. The id is sent to the provider as the idempotency key.
CREATE TABLE payment_attempts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  key_id BINARY(32) NOT NULL COMMENT 'idempotency key that keeps the outcome as its answer',
  payment_method VARBINARY(256) NULL COMMENT 'encrypted for payment_id; null once the attempt has ended',
  status ENUM ('PROCESSING', 'AUTHORIZED', 'FAILED') NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NULL,
  KEY payment_attempts_by_payment (payment_id, create_time)
);

-- Charges of the stub provider. Only providers/stub-*.ts uses this table, because the table stands for
-- another company's system.
CREATE TABLE stub_charges (
  attempt_id BINARY(16) NOT NULL PRIMARY KEY,
  reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('DECLINED', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'REFUNDED') NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  outcome_time DATETIME(3) NOT NULL COMMENT 'PENDING before',
  refund_status ENUM ('SUCCEEDED', 'FAILED') NOT NULL DEFAULT 'SUCCEEDED' COMMENT 'outcome of its refunds',
  authorization_expire_time DATETIME(3) NOT NULL COMMENT 'VOIDED afterwards, unless captured'
);

-- Refunds. The id is sent to the provider as the idempotency key.
CREATE TABLE refunds (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  status ENUM ('PENDING', 'SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  reason VARBINARY(2100) NOT NULL COMMENT 'encrypted for payment_id',
  key_id BINARY(32) NULL COMMENT 'idempotency key that keeps the outcome as its answer; null for a refund by a job',
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  process_time DATETIME(3) NULL COMMENT 'next try; null once the refund has ended',
  process_tries INT UNSIGNED NOT NULL DEFAULT 0,
  KEY refunds_by_payment (payment_id, create_time, id),
  KEY refunds_due (process_time)
);

-- Refunds of the stub provider.
CREATE TABLE stub_refunds (
  refund_id BINARY(16) NOT NULL PRIMARY KEY,
  attempt_id BINARY(16) NOT NULL,
  status ENUM ('SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  KEY stub_refunds_by_charge (attempt_id)
);

-- Double entry: each movement of money is a transaction whose debits equal its credits. An account's balance
-- is the sum of its entries. The primary key keeps a movement from being booked twice: the transaction id of
-- a capture is the payment's id, and that of a refund or its reversal is the refund's id.
CREATE TABLE ledger_entries (
  transaction_id BINARY(16) NOT NULL,
  account VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'provider_clearing:{name}, doctor:{id}',
  kind ENUM ('CAPTURE', 'REFUND', 'REFUND_REVERSAL') NOT NULL,
  payment_id BINARY(16) NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  debit_minor BIGINT UNSIGNED NOT NULL,
  credit_minor BIGINT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  PRIMARY KEY (transaction_id, kind, account),
  KEY ledger_entries_by_payment (payment_id),
  KEY ledger_entries_by_account (account),
  CONSTRAINT debit_or_credit CHECK ((debit_minor = 0) <> (credit_minor = 0))
) COMMENT = 'append-only';

-- Ids of handled webhook events, so that a repeated event costs no call to the provider.
CREATE TABLE webhook_events (
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  receive_time DATETIME(3) NOT NULL,
  PRIMARY KEY (provider, event_id),
  KEY webhook_events_by_time (receive_time)
);
