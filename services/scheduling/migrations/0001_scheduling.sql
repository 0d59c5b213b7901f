-- Names and standing of users, copied from auth's events.
CREATE TABLE people (
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  full_name VARCHAR(200) NOT NULL,
  disabled BOOLEAN NOT NULL
);

CREATE TABLE doctors (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'the user id',
  display_name VARCHAR(200) NOT NULL,
  license_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  license_region VARCHAR(40) NOT NULL,
  specialty VARCHAR(80) NOT NULL,
  bio TEXT NOT NULL,
  languages JSON NOT NULL COMMENT 'BCP 47, canonical',
  time_zone VARCHAR(64) CHARACTER SET ascii NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  verification ENUM ('PENDING', 'VERIFIED', 'REJECTED') NOT NULL,
  hidden BOOLEAN NOT NULL COMMENT 'the account is disabled',
  version INT UNSIGNED NOT NULL,
  slots_version INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'guard: who makes slots touches it first',
  create_time DATETIME(3) NOT NULL,
  UNIQUE KEY license_number (license_number),
  KEY doctors_by_name (display_name, id),
  KEY doctors_by_time (create_time, id),
  KEY doctors_by_specialty (specialty)
);

-- The words that a doctor is found by.
CREATE TABLE doctor_words (
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  word VARCHAR(40) NOT NULL,
  PRIMARY KEY (doctor_id, word),
  KEY doctor_words_by_word (word, doctor_id)
);

CREATE TABLE slots (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  status ENUM ('OPEN', 'HELD', 'BOOKED', 'BLOCKED', 'WITHDRAWN') NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  booking_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'who holds or booked it',
  hold_expire_time DATETIME(3) NULL,
  KEY slots_by_doctor (doctor_id, start_time, id)
);

-- Guard: whoever books for a patient touches the patient's row first.
CREATE TABLE patient_calendars (
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  version INT UNSIGNED NOT NULL
);

CREATE TABLE bookings (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  slot_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  consultation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  status ENUM ('PENDING_PAYMENT', 'CONFIRMED', 'EXPIRED', 'CANCELLED', 'COMPLETED', 'NO_SHOW') NOT NULL,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  reason VARBINARY(8192) NULL COMMENT 'sealed',
  hold_expire_time DATETIME(3) NULL,
  sequence INT UNSIGNED NOT NULL DEFAULT 0,
  version INT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  update_time DATETIME(3) NOT NULL,
  begun BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the consultation has started',
  cancel_time DATETIME(3) NULL,
  cancelled_by ENUM ('PATIENT', 'DOCTOR', 'ADMIN') NULL,
  cancel_reason VARBINARY(2048) NULL COMMENT 'sealed',
  settlement ENUM ('RETURN', 'CAPTURE') NULL COMMENT 'what becomes of the money',
  live_slot_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin
    AS (IF(status IN ('PENDING_PAYMENT', 'CONFIRMED'), slot_id, NULL)) STORED,
  UNIQUE KEY one_live_booking_a_slot (live_slot_id),
  KEY bookings_by_patient (patient_id, start_time, id),
  KEY bookings_by_doctor (doctor_id, start_time, id),
  KEY bookings_by_start (start_time, id),
  KEY bookings_by_hold (status, hold_expire_time),
  KEY bookings_by_creation (create_time),
  KEY bookings_by_change (update_time, id)
);
