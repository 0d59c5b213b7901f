-- An admin's order to stop a doctor's prescriptions, copied from scheduling's events.
ALTER TABLE doctors
  ADD COLUMN stop_time DATETIME(3) NULL COMMENT 'prescriptions issued until then are stopped',
  ADD COLUMN stopped_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the admin',
  ADD COLUMN stop_heard_time DATETIME(3) NULL COMMENT 'set until the prescriptions are stopped',
  ADD KEY doctors_by_stop (stop_heard_time);
