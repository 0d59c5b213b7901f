const ID = "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin";

/** CREATE statements for the tables of the reference monolith. */
export const TABLES = [
  `CREATE TABLE availability_slots (
    id ${ID} NOT NULL PRIMARY KEY,
    doctor_id ${ID} NOT NULL,
    start_time DATETIME(3) NOT NULL,
    end_time DATETIME(3) NOT NULL,
    status ENUM ('OPEN', 'BOOKED', 'BLOCKED') NOT NULL DEFAULT 'OPEN',
    CHECK (end_time > start_time),
    KEY slots_by_doctor (doctor_id, status, start_time)
  )`,
  `CREATE TABLE consultations (
    id ${ID} NOT NULL PRIMARY KEY,
    patient_id ${ID} NOT NULL,
    doctor_id ${ID} NOT NULL,
    slot_id ${ID} NOT NULL,
    status ENUM ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED') NOT NULL,
    reason VARCHAR(500) NOT NULL,
    create_time DATETIME(3) NOT NULL,
    UNIQUE KEY one_consultation_a_slot (slot_id),
    KEY consultations_by_patient (patient_id, create_time)
  )`,
  `CREATE TABLE audit_logs (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id ${ID} NOT NULL,
    action VARCHAR(64) NOT NULL,
    resource VARCHAR(64) NOT NULL,
    resource_id ${ID} NOT NULL,
    create_time DATETIME(3) NOT NULL,
    KEY audit_logs_by_user (user_id, create_time)
  )`,
  `CREATE TABLE idempotency_keys (
    user_id ${ID} NOT NULL,
    idempotency_key VARCHAR(255) NOT NULL,
    request_hash CHAR(64) NOT NULL,
    status SMALLINT UNSIGNED NULL,
    response JSON NULL,
    create_time DATETIME(3) NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
  )`,
];
