-- Names of users, copied from auth's events.
CREATE TABLE people (
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  full_name VARCHAR(200) NOT NULL
);

-- One a booking: the booking names the id.
CREATE TABLE consultations (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  booking_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payment_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('SCHEDULED', 'WAITING', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED', 'NO_SHOW', 'ABANDONED') NOT NULL,
  moved_by ENUM ('PATIENT', 'DOCTOR', 'SERVICE') NOT NULL COMMENT 'who brought it to its status',
  start_time DATETIME(3) NOT NULL,
  end_time DATETIME(3) NOT NULL,
  started_time DATETIME(3) NULL,
  ended_time DATETIME(3) NULL,
  notes MEDIUMBLOB NULL COMMENT 'sealed',
  abandon_reason VARBINARY(4096) NULL COMMENT 'sealed',
  no_show_party ENUM ('PATIENT', 'DOCTOR') NULL COMMENT 'who was missing',
  version INT UNSIGNED NOT NULL,
  KEY consultations_by_patient (patient_id, start_time, id),
  KEY consultations_by_doctor (doctor_id, start_time, id),
  KEY consultations_by_status (status, end_time),
  KEY consultations_by_end (ended_time)
);

-- Never changed once written, but for its status.
CREATE TABLE prescriptions (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  consultation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status ENUM ('ACTIVE', 'STOPPED', 'CANCELLED') NOT NULL COMMENT 'EXPIRED follows from expire_time',
  content MEDIUMBLOB NOT NULL COMMENT 'sealed',
  items MEDIUMBLOB NOT NULL COMMENT 'sealed JSON',
  issue_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  KEY prescriptions_by_patient (patient_id, issue_time, id),
  KEY prescriptions_by_doctor (doctor_id, issue_time, id),
  KEY prescriptions_by_consultation (consultation_id, issue_time, id)
);
