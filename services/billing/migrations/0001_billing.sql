-- Payments, refunds, ledger and webhooks. Times are UTC.

CREATE TABLE payments (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'named by the booking',
  booking_id BINARY(16) NOT NULL,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM (
    'REQUIRES_AUTHORIZATION', 'PROCESSING', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', 'PARTIALLY_REFUNDED', 'VOIDED', 'CANCELLED'
  ) NOT NULL,
  fee_decision ENUM ('RELEASE', 'CHARGE') NULL COMMENT 'what becomes of the money; null while the booking lives',
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  proof BINARY(32) NOT NULL COMMENT 'keyed hash of ids and amount; without it the payment is not authorized',
  refunded_minor BIGINT UNSIGNED NOT NULL DEFAULT 0,
  refunding_minor BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of refunds that are PENDING',
  hold_expire_time DATETIME(3) NOT NULL COMMENT 'no authorization begins later',
  attempt_id BINARY(16) NULL COMMENT 'the last attempt: under way, authorized or failed',
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  authorize_time DATETIME(3) NULL,
  authorization_expire_time DATETIME(3) NULL COMMENT 'when the provider lets go of what is authorized',
  capture_time DATETIME(3) NULL,
  version INT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  process_time DATETIME(3) NULL COMMENT 'when the settler takes it up; null where the provider has nothing to do',
  process_tries INT UNSIGNED NOT NULL DEFAULT 0,
  due_since DATETIME(3) NULL COMMENT 'since when the step has been left to do; null where there is none',
  replaced_attempt_id BINARY(16) NULL
    COMMENT 'to be called off at the provider before attempt_id is sent; provider_reference is its reference until then',
  UNIQUE KEY one_payment_a_booking (booking_id),
  KEY payments_by_patient (patient_id, create_time, id),
  KEY payments_by_time (create_time, id),
  KEY payments_by_status (status, create_time, id),
  KEY payments_due (process_time),
  KEY payments_expiring (status, authorization_expire_time),
  KEY payments_due_since (due_since)
);

-- Tries to authorize a payment. The id is the provider's idempotency key.
CREATE TABLE payment_attempts (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  key_id BINARY(32) NOT NULL COMMENT 'the idempotency key whose answer is the outcome',
  payment_method VARBINARY(256) NULL COMMENT 'sealed for payment_id; forgotten once the attempt has ended',
  status ENUM ('PROCESSING', 'AUTHORIZED', 'FAILED') NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NULL,
  KEY payment_attempts_by_payment (payment_id, create_time)
);

-- The memory of the stub provider, which stands for another company's system: only providers/stub-*.ts touches it.
CREATE TABLE stub_charges (
  attempt_id BINARY(16) NOT NULL PRIMARY KEY,
  reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('DECLINED', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'REFUNDED') NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  outcome_time DATETIME(3) NOT NULL COMMENT 'pending before',
  refund_status ENUM ('SUCCEEDED', 'FAILED') NOT NULL DEFAULT 'SUCCEEDED' COMMENT 'how its refunds end',
  authorization_expire_time DATETIME(3) NOT NULL COMMENT 'voided from then on, unless captured'
);

-- Money that goes back. The id is the provider's idempotency key.
CREATE TABLE refunds (
  id BINARY(16) NOT NULL PRIMARY KEY,
  payment_id BINARY(16) NOT NULL,
  status ENUM ('PENDING', 'SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  reason VARBINARY(2100) NOT NULL COMMENT 'sealed for payment_id',
  key_id BINARY(32) NULL COMMENT 'the idempotency key whose answer is the outcome; null where nobody asked',
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  process_time DATETIME(3) NULL COMMENT 'when the settler takes it up; null once it has ended',
  process_tries INT UNSIGNED NOT NULL DEFAULT 0,
  KEY refunds_by_payment (payment_id, create_time, id),
  KEY refunds_due (process_time)
);

-- The stub provider's memory of refunds.
CREATE TABLE stub_refunds (
  refund_id BINARY(16) NOT NULL PRIMARY KEY,
  attempt_id BINARY(16) NOT NULL,
  status ENUM ('SUCCEEDED', 'FAILED') NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  KEY stub_refunds_by_charge (attempt_id)
);

-- Double entry: each movement of money is one transaction, whose debits equal its credits. An account's balance is the
-- sum of its entries. A movement is named by what moved the money (a capture by its payment, a refund by itself) and how, so
-- that the key lets each be booked once. A refund that came back from the patient's bank is a second movement of it.
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

-- Events that providers told us of, so that one that comes twice is asked about once.
CREATE TABLE webhook_events (
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  receive_time DATETIME(3) NOT NULL,
  PRIMARY KEY (provider, event_id),
  KEY webhook_events_by_time (receive_time)
);
