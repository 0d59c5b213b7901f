-- A reason may name a person. No release has written any in the clear.
ALTER TABLE licenses
  DROP COLUMN reject_reason,
  ADD COLUMN reject_reason VARBINARY(2048) NULL COMMENT 'sealed' AFTER status;
