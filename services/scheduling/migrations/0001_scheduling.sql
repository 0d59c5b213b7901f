-- Tables for doctors' profiles, licences, slots and bookings. All times are UTC.

-- Scheduling's copies of user accounts, built from auth's events. A transaction that books a slot locks the
-- patient's row first.
CREATE TABLE people (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  full_name VARCHAR(200) NOT NULL,
  disabled BOOLEAN NOT NULL,
  region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'of the profile, ISO 3166; empty: unknown',
  bookings_ending BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'disabled, and a sweep still cancels future bookings',
  KEY people_with_ending_bookings (bookings_ending)
);

-- Profiles of doctors. `name_key` and `specialty_key` hold texts folded for comparison
-- (search-index/fold.ts). SQL cannot fold texts, so the service writes both keys. A job rewrites the keys if
-- `is_index_stale`.
CREATE TABLE doctors (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'the user id',
  display_name VARCHAR(200) NOT NULL,
  specialty VARCHAR(80) NOT NULL,
  bio TEXT NOT NULL,
  languages JSON NOT NULL COMMENT 'BCP 47, canonical',
  time_zone VARCHAR(64) CHARACTER SET ascii NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  hidden BOOLEAN NOT NULL COMMENT 'the account is disabled',
  version INT UNSIGNED NOT NULL,
  slots_version INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'guard of slot creation, which increments it first',
  create_time DATETIME(3) NOT NULL,
  name_key VARBINARY(64) NOT NULL DEFAULT '' COMMENT 'first bytes of the folded name; sort key of lists',
  specialty_key VARBINARY(320) NOT NULL DEFAULT '' COMMENT 'the folded specialty',
  text_hash BINARY(32) AS (UNHEX(SHA2(CONCAT_WS('\n', display_name, specialty, bio), 256))) STORED NOT NULL,
  indexed_hash BINARY(32) NULL COMMENT 'text_hash of the indexed text',
  is_index_stale BOOLEAN AS (NOT (text_hash <=> indexed_hash)) STORED NOT NULL,
  licensed_until DATE NULL COMMENT 'latest expire_date of verified licences, copied for hot statements; null: none',
  licensing_version INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'version of its events; 0: no licence was ever verified',
  licensing_change_time DATETIME(3) NULL COMMENT 'last change; set until a sweep has ended affected bookings and slots',
  prescriptions_stop_time DATETIME(3) NULL COMMENT 'prescriptions issued until then are stopped; never decreases',
  prescriptions_stopped_by BINARY(16) NULL COMMENT 'the admin',
  KEY doctors_by_time (create_time, id),
  KEY doctors_by_name_key (name_key, id),
  KEY doctors_by_specialty_key (specialty_key, name_key, id),
  KEY doctors_by_staleness (is_index_stale),
  KEY doctors_by_licensing_change (licensing_change_time)
);

-- Index entries of the doctor search: folded words of the profiles, and short prefixes of these words. Folded
-- words are compared byte by byte, so the column is binary.
CREATE TABLE doctor_words (
  doctor_id BINARY(16) NOT NULL,
  word VARBINARY(160) NOT NULL,
  PRIMARY KEY (doctor_id, word),
  KEY doctor_words_by_word (word, doctor_id)
);

-- Statements that look for bookable slots read only slots whose `list_class` is FREE, so booked, blocked and
-- withdrawn slots do not slow these statements down. `list_class` is stored, because InnoDB pushes conditions
-- down to an index (ICP) only if the index has no virtual column.
CREATE TABLE slots (
  id BINARY(16) NOT NULL PRIMARY KEY,
  doctor_id BINARY(16) NOT NULL,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  status ENUM ('OPEN', 'HELD', 'BOOKED', 'BLOCKED', 'WITHDRAWN') NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  booking_id BINARY(16) NULL COMMENT 'booking that holds or booked it',
  hold_expire_time DATETIME(3) NULL,
  list_class ENUM ('FREE', 'BOOKED', 'BLOCKED', 'WITHDRAWN')
    AS (IF(status IN ('OPEN', 'HELD'), 'FREE', status)) STORED NOT NULL COMMENT 'class that lists and searches read',
  KEY slots_by_doctor (doctor_id, start_time, id),
  KEY slots_by_class (doctor_id, list_class, start_time, id)
);

-- `live_patient_id` is the patient while the booking is PENDING_PAYMENT or CONFIRMED, else NULL. The checks
-- for overlaps and limits find a patient's bookings by this column, so they do not read ended bookings.
CREATE TABLE bookings (
  id BINARY(16) NOT NULL PRIMARY KEY,
  slot_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  consultation_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NULL,
  status ENUM ('PENDING_PAYMENT', 'CONFIRMED', 'EXPIRED', 'CANCELLED', 'COMPLETED', 'NO_SHOW') NOT NULL,
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  fee_currency CHAR(3) CHARACTER SET ascii NULL,
  fee_minor BIGINT UNSIGNED NOT NULL,
  reason VARBINARY(8192) NULL COMMENT 'encrypted for patient_id, doctor_id',
  hold_expire_time DATETIME(3) NULL,
  sequence INT UNSIGNED NOT NULL DEFAULT 0,
  version INT UNSIGNED NOT NULL,
  create_time DATETIME(3) NOT NULL,
  update_time DATETIME(3) NOT NULL,
  started BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the consultation has started',
  cancel_time DATETIME(3) NULL,
  cancelled_by ENUM ('PATIENT', 'DOCTOR', 'ADMIN') NULL,
  cancel_reason VARBINARY(2048) NULL COMMENT 'encrypted for patient_id, doctor_id',
  fee_decision ENUM ('RELEASE', 'CHARGE') NULL COMMENT 'decision about the fee',
  live_slot_id BINARY(16) AS (IF(status IN ('PENDING_PAYMENT', 'CONFIRMED'), slot_id, NULL)) STORED,
  moved_by ENUM ('PATIENT', 'DOCTOR', 'ADMIN') NULL,
  move_time DATETIME(3) NULL,
  previous_start_time DATETIME(3) NULL COMMENT 'start that the patient accepted last',
  move_pending BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the patient has not accepted the move yet',
  close_outcome ENUM ('COMPLETED', 'NO_SHOW_PATIENT', 'NO_SHOW_DOCTOR', 'NO_SHOW_BOTH') NULL COMMENT 'closed by an admin',
  close_time DATETIME(3) NULL,
  closed_by BINARY(16) NULL COMMENT 'the admin',
  close_reason VARBINARY(2048) NULL COMMENT 'encrypted for patient_id, doctor_id',
  live_patient_id BINARY(16) AS (IF(status IN ('PENDING_PAYMENT', 'CONFIRMED'), patient_id, NULL)) VIRTUAL,
  patient_region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'as stated when booking, ISO 3166',
  UNIQUE KEY one_live_booking_a_slot (live_slot_id),
  KEY bookings_by_patient (patient_id, start_time, id),
  KEY bookings_by_doctor (doctor_id, start_time, id),
  KEY bookings_by_start (start_time, id),
  KEY bookings_by_hold (status, hold_expire_time),
  KEY bookings_by_creation (create_time),
  KEY bookings_by_change (update_time, id),
  KEY live_bookings_by_patient (live_patient_id, start_time)
);

-- Licences to practise. Region and number are unique among verified licences only, so a pending licence with a false number does
-- not block the licence of another doctor. Numbers are compared by letters and digits, ignoring case: X-123, x.123 and X123 are
-- equal.
CREATE TABLE licenses (
  id BINARY(16) NOT NULL PRIMARY KEY,
  doctor_id BINARY(16) NOT NULL,
  number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  region VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL COMMENT 'ISO 3166-1 or -2',
  expire_date DATE NOT NULL COMMENT 'last day of validity, UTC; 9999-12-31: unlimited',
  status ENUM ('PENDING', 'VERIFIED', 'REJECTED', 'REVOKED', 'REPLACED') NOT NULL,
  reject_reason VARBINARY(2048) NULL COMMENT 'encrypted for doctor_id',
  decide_time DATETIME(3) NULL,
  create_time DATETIME(3) NOT NULL,
  verified_name VARCHAR(200) COLLATE utf8mb4_0900_bin NULL COMMENT 'name of the account at the last verification',
  rename_time DATETIME(3) NULL COMMENT 'time since which the account has another name',
  awaits_decision BOOLEAN
    AS (status = 'PENDING' OR (status = 'VERIFIED' AND rename_time IS NOT NULL)) VIRTUAL NOT NULL,
  number_key VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin
    AS (UPPER(REGEXP_REPLACE(number, '[^0-9A-Za-z]', ''))) STORED,
  verified_claim VARCHAR(81) CHARACTER SET ascii COLLATE ascii_bin
    AS (IF(status = 'VERIFIED', CONCAT(UPPER(region), ' ', number_key), NULL)) STORED,
  UNIQUE KEY one_verified_claim (verified_claim),
  KEY licenses_by_doctor (doctor_id, status, expire_date),
  KEY licenses_by_age (create_time, id),
  KEY licenses_by_status (status, create_time, id),
  KEY licenses_by_doctor_age (doctor_id, create_time, id),
  KEY licenses_by_region (region, create_time, id),
  KEY licenses_by_waiting (awaits_decision, create_time, id)
);

-- A patient who held a slot without paying cannot hold the same slot again until `end_time`.
CREATE TABLE hold_cooldowns (
  patient_id BINARY(16) NOT NULL,
  slot_id BINARY(16) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  PRIMARY KEY (patient_id, slot_id),
  KEY hold_cooldowns_by_end (end_time)
);

-- Expired bookings whose reason text must be erased at `due_time`, the start of the appointment. From that
-- time, no late payment can confirm such a booking.
CREATE TABLE reason_erasures (
  booking_id BINARY(16) NOT NULL PRIMARY KEY,
  due_time DATETIME(3) NOT NULL,
  KEY reason_erasures_by_time (due_time)
);
