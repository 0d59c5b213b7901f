-- An admin's order to stop a doctor's prescriptions, for clinical.
ALTER TABLE doctors
  ADD COLUMN prescriptions_stop_time DATETIME(3) NULL COMMENT 'what was issued until then is stopped; only grows',
  ADD COLUMN prescriptions_stopped_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the admin';
