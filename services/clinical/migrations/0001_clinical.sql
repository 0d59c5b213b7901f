-- Copies of users, grants and licensings; consultations and prescriptions. Times are UTC.

-- Names and roles of users, copied from auth's events.
CREATE TABLE people (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  full_name VARCHAR(200) NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR', 'ADMIN') CHARACTER SET ascii COLLATE ascii_bin NULL
);

-- One a booking: the booking names the id.
CREATE TABLE consultations (
  id BINARY(16) NOT NULL PRIMARY KEY,
  booking_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM ('SCHEDULED', 'WAITING', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW', 'ABANDONED') NOT NULL,
  transitioned_by ENUM ('PATIENT', 'DOCTOR', 'SERVICE', 'ADMIN') NOT NULL COMMENT 'who brought it to its status',
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  started_time DATETIME(3) NULL,
  ended_time DATETIME(3) NULL,
  notes MEDIUMBLOB NULL COMMENT 'sealed for patient_id, doctor_id',
  abandon_reason VARBINARY(4096) NULL COMMENT 'sealed for patient_id, doctor_id',
  no_show_party ENUM ('PATIENT', 'DOCTOR', 'BOTH') NULL COMMENT 'who was missing',
  doctor_ready_time DATETIME(3) NULL COMMENT 'since when the doctor has been waiting',
  join_time DATETIME(3) NULL COMMENT 'when the patient came to the waiting room',
  late_party ENUM ('PATIENT', 'DOCTOR') NULL COMMENT 'kept the other waiting too long',
  move_pending BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the patient has not accepted the last move',
  version INT UNSIGNED NOT NULL,
  overdue_time DATETIME(3) NULL COMMENT 'when its doctor was told that it is long over',
  patient_name VARCHAR(200) NULL COMMENT 'at the end',
  doctor_name VARCHAR(200) NULL COMMENT 'at the end',
  KEY consultations_by_patient (patient_id, start_time, id),
  KEY consultations_by_doctor (doctor_id, start_time, id),
  KEY consultations_by_status (status, end_time),
  KEY consultations_by_end (ended_time)
);

-- Only the status and its columns change.
CREATE TABLE prescriptions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM ('ACTIVE', 'STOPPED', 'CANCELLED') NOT NULL COMMENT 'EXPIRED follows from expire_time',
  content MEDIUMBLOB NOT NULL COMMENT 'sealed for patient_id, doctor_id',
  items MEDIUMBLOB NOT NULL COMMENT 'sealed for patient_id, doctor_id; JSON',
  issue_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  ended_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'a user id, or service:NAME',
  end_time DATETIME(3) NULL,
  end_reason VARBINARY(4096) NULL COMMENT 'sealed for patient_id, doctor_id',
  patient_name VARCHAR(200) NULL COMMENT 'at the issue',
  doctor_name VARCHAR(200) NULL COMMENT 'at the issue',
  KEY prescriptions_by_patient (patient_id, issue_time, id),
  KEY prescriptions_by_doctor (doctor_id, issue_time, id),
  KEY prescriptions_by_consultation (consultation_id, issue_time, id)
);

-- Rights of admins to read a patient's records, copied from auth's events.
CREATE TABLE break_glass_grants (
  id BINARY(16) NOT NULL PRIMARY KEY,
  admin_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  end_time DATETIME(3) NOT NULL COMMENT 'when it ends, or was ended',
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the grant is refused',
  KEY break_glass_grants_of (admin_id, patient_id, end_time)
);

-- Additions by doctors to the notes of completed consultations. None is taken back.
CREATE TABLE addenda (
  id BINARY(16) NOT NULL PRIMARY KEY,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  text MEDIUMBLOB NOT NULL COMMENT 'sealed for consultation_id, patient_id, doctor_id',
  create_time DATETIME(3) NOT NULL,
  KEY addenda_by_consultation (consultation_id, create_time, id)
) COMMENT 'append-only';

-- Licensing of doctors, and orders to stop their prescriptions, copied from scheduling's events.
CREATE TABLE doctors (
  doctor_id BINARY(16) NOT NULL PRIMARY KEY,
  licensed_until DATE NULL COMMENT 'last day of the verified licences, UTC; null: none',
  stop_time DATETIME(3) NULL COMMENT 'prescriptions issued until then are stopped',
  stop_until DATETIME(3) NULL COMMENT 'prescriptions issued until then are stopped',
  stopped_by BINARY(16) NULL COMMENT 'the admin',
  stop_received_time DATETIME(3) NULL COMMENT 'set until the prescriptions are stopped',
  display_name VARCHAR(200) NULL COMMENT 'public name; null: not known',
  KEY doctors_by_stop (stop_received_time)
);
