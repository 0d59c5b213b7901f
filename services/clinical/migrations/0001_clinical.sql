-- Consultations and prescriptions; copies of users, grants and licensings. Times are UTC.

-- Names and roles of users, copied from auth's events.
CREATE TABLE people (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  full_name VARCHAR(200) NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR', 'ADMIN') CHARACTER SET ascii COLLATE ascii_bin NULL
);

-- Consultations, one for each confirmed booking. Scheduling chooses the consultation's id, and stores it in the booking.
CREATE TABLE consultations (
  id BINARY(16) NOT NULL PRIMARY KEY,
  booking_id BINARY(16) NOT NULL,
  payment_id BINARY(16) NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM ('SCHEDULED', 'WAITING', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW', 'ABANDONED') NOT NULL,
  transitioned_by ENUM ('PATIENT', 'DOCTOR', 'SERVICE', 'ADMIN') NOT NULL COMMENT 'actor of the last transition',
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  started_time DATETIME(3) NULL,
  ended_time DATETIME(3) NULL,
  notes MEDIUMBLOB NULL COMMENT 'encrypted for patient_id, doctor_id',
  abandon_reason VARBINARY(4096) NULL COMMENT 'encrypted for patient_id, doctor_id',
  no_show_party ENUM ('PATIENT', 'DOCTOR', 'BOTH') NULL COMMENT 'missing party',
  doctor_ready_time DATETIME(3) NULL COMMENT 'when the doctor reported being ready',
  join_time DATETIME(3) NULL COMMENT 'when the patient joined the waiting room',
  late_party ENUM ('PATIENT', 'DOCTOR') NULL COMMENT 'made the other wait for the full waiting time',
  move_pending BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the patient has not accepted the last reschedule',
  version INT UNSIGNED NOT NULL,
  overdue_time DATETIME(3) NULL COMMENT 'when it was reported as overdue',
  patient_name VARCHAR(200) NULL COMMENT 'name at the end; null before',
  doctor_name VARCHAR(200) NULL COMMENT 'as patient_name',
  KEY consultations_by_patient (patient_id, start_time, id),
  KEY consultations_by_doctor (doctor_id, start_time, id),
  KEY consultations_by_status (status, end_time),
  KEY consultations_by_end (ended_time)
);

-- Prescriptions. Only their status, ended_by, end_time and end_reason change after the insert.
CREATE TABLE prescriptions (
  id BINARY(16) NOT NULL PRIMARY KEY,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  status ENUM ('ACTIVE', 'STOPPED', 'CANCELLED') NOT NULL COMMENT 'an ACTIVE one is EXPIRED from expire_time on',
  content MEDIUMBLOB NOT NULL COMMENT 'encrypted for patient_id, doctor_id',
  items MEDIUMBLOB NOT NULL COMMENT 'encrypted for patient_id, doctor_id; JSON',
  issue_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  ended_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'actor: a user id, or service:NAME',
  end_time DATETIME(3) NULL,
  end_reason VARBINARY(4096) NULL COMMENT 'encrypted for patient_id, doctor_id',
  patient_name VARCHAR(200) NULL COMMENT 'name at the issue',
  doctor_name VARCHAR(200) NULL COMMENT 'name at the issue',
  KEY prescriptions_by_patient (patient_id, issue_time, id),
  KEY prescriptions_by_doctor (doctor_id, issue_time, id),
  KEY prescriptions_by_consultation (consultation_id, issue_time, id)
);

-- Grants for admins to read a patient's records, copied from auth's events.
CREATE TABLE break_glass_grants (
  id BINARY(16) NOT NULL PRIMARY KEY,
  admin_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  end_time DATETIME(3) NOT NULL COMMENT 'expiry or revocation',
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; a grant without a valid one is refused',
  KEY break_glass_grants_of (admin_id, patient_id, end_time)
);

-- Doctors' additions to the notes of completed consultations.
CREATE TABLE addenda (
  id BINARY(16) NOT NULL PRIMARY KEY,
  consultation_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  doctor_id BINARY(16) NOT NULL,
  text MEDIUMBLOB NOT NULL COMMENT 'encrypted for consultation_id, patient_id, doctor_id',
  create_time DATETIME(3) NOT NULL,
  KEY addenda_by_consultation (consultation_id, create_time, id)
) COMMENT 'append-only';

-- Licensing and public names of doctors, and orders to stop their prescriptions, copied from scheduling's events.
CREATE TABLE doctors (
  doctor_id BINARY(16) NOT NULL PRIMARY KEY,
  licensed_until DATE NULL COMMENT 'last day of the verified licences, UTC; null without one',
  stop_time DATETIME(3) NULL COMMENT 'time of the order to stop prescriptions',
  stop_until DATETIME(3) NULL COMMENT 'latest issue time of the prescriptions to stop',
  stopped_by BINARY(16) NULL COMMENT 'admin who ordered the stop',
  stop_received_time DATETIME(3) NULL COMMENT 'receipt of the order; null once it is carried out',
  display_name VARCHAR(200) NULL COMMENT 'public name; null if unknown',
  KEY doctors_by_stop (stop_received_time)
);
