-- How an admin closed a booking that nobody else had.
ALTER TABLE bookings
  ADD COLUMN close_outcome ENUM ('COMPLETED', 'NO_SHOW_PATIENT', 'NO_SHOW_DOCTOR', 'NO_SHOW_BOTH') NULL,
  ADD COLUMN close_time DATETIME(3) NULL,
  ADD COLUMN closed_by CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the admin',
  ADD COLUMN close_reason VARBINARY(2048) NULL COMMENT 'sealed';
