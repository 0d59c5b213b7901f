-- Live bookings by patient: overlap and caps are decided within them, however many have ended.
ALTER TABLE bookings ADD COLUMN live_patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin
  AS (IF(status IN ('PENDING_PAYMENT', 'CONFIRMED'), patient_id, NULL)) VIRTUAL;
ALTER TABLE bookings ADD KEY live_bookings_by_patient (live_patient_id, start_time);

-- Slots that a patient has held without paying, and until when they cannot hold them again.
CREATE TABLE hold_cooldowns (
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  slot_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end_time DATETIME(3) NOT NULL,
  PRIMARY KEY (patient_id, slot_id),
  KEY hold_cooldowns_by_end (end_time)
);
