-- Who came when: a late patient counts as missing until the consultation starts, a late doctor's fee is released. The
-- release before writes neither.
ALTER TABLE consultations
  ADD COLUMN join_time DATETIME(3) NULL COMMENT 'when the patient came to the waiting room' AFTER doctor_ready_time,
  ADD COLUMN late_party ENUM ('PATIENT', 'DOCTOR') NULL COMMENT 'kept the other waiting too long' AFTER join_time;
