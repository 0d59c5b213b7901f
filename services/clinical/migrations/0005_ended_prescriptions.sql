-- How a prescription that is no longer ACTIVE was ended. The release before inserts none of it.
ALTER TABLE prescriptions
  ADD COLUMN ended_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'a user id, or service:NAME',
  ADD COLUMN end_time DATETIME(3) NULL,
  ADD COLUMN end_reason VARBINARY(4096) NULL COMMENT 'sealed';
