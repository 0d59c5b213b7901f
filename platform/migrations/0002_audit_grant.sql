-- The break-glass grant under which a record was read; null for all else.
ALTER TABLE audit_events
  ADD COLUMN grant_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL, ALGORITHM = INSTANT;
