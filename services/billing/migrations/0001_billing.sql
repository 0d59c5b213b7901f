CREATE TABLE payments (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'named by the booking',
  booking_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM (
    'REQUIRES_AUTHORIZATION', 'PROCESSING', 'AUTHORIZED', 'CAPTURED', 'REFUNDED', 'PARTIALLY_REFUNDED', 'VOIDED', 'CANCELLED'
  ) NOT NULL,
  settlement ENUM ('RETURN', 'CAPTURE') NULL COMMENT 'what becomes of the money; null while the booking lives',
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  refunded_minor BIGINT UNSIGNED NOT NULL DEFAULT 0,
  hold_expire_time DATETIME(3) NOT NULL COMMENT 'no authorization begins later',
  attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the last attempt: under way, authorized or failed',
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  provider_reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  authorize_time DATETIME(3) NULL,
  capture_time DATETIME(3) NULL,
  version INT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  settle_time DATETIME(3) NULL COMMENT 'when the settler takes it up; null where the provider has nothing to do',
  settle_tries INT UNSIGNED NOT NULL DEFAULT 0,
  UNIQUE KEY one_payment_a_booking (booking_id),
  KEY payments_by_patient (patient_id, create_time, id),
  KEY payments_by_time (create_time, id),
  KEY payments_by_status (status, create_time, id),
  KEY payments_due (settle_time)
);

-- Tries to authorize a payment. The id is the provider's idempotency key.
CREATE TABLE payment_attempts (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  payment_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_id BINARY(32) NOT NULL COMMENT 'the idempotency key whose answer is the outcome',
  payment_method VARBINARY(256) NULL COMMENT 'sealed; forgotten once the attempt has ended',
  status ENUM ('PROCESSING', 'AUTHORIZED', 'FAILED') NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  create_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NULL,
  KEY payment_attempts_by_payment (payment_id, create_time)
);

-- The memory of the stub provider, which stands for another company's system: only providers/stub-*.ts touches it.
CREATE TABLE stub_charges (
  attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reference VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('DECLINED', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'REFUNDED') NOT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount_minor BIGINT UNSIGNED NOT NULL,
  decline_code VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  next_action_url VARCHAR(512) NULL,
  settle_time DATETIME(3) NOT NULL COMMENT 'pending before'
);
