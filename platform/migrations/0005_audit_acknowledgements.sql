-- Findings of the audit trail's check that somebody has looked into.
CREATE TABLE audit_acknowledgements (
  finding_id CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  reason VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'the operator''s words',
  create_time DATETIME(3) NOT NULL,
  hmac BINARY(32) NOT NULL COMMENT 'of the row, under AUDIT_KEY; without it a row counts for nothing'
) COMMENT = 'append-only';
