-- Makes the audit trail tamper-evident: a chain of HMACs over it, and the heads that another service's chain had.

CREATE TABLE audit_seals (
  seq BIGINT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'from 1, without gaps',
  event_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_id CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the AUDIT_KEY it was made with',
  hmac BINARY(32) NOT NULL COMMENT 'over the seal before, seq and the event; see platform/audit/audit-chain.ts',
  UNIQUE KEY audit_seals_event (event_id)
) COMMENT = 'append-only';

CREATE TABLE audit_checkpoints (
  service VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'whose chain it is',
  seq BIGINT UNSIGNED NOT NULL,
  hmac BINARY(32) NOT NULL COMMENT 'of the seal with this seq, when it was the last',
  create_time DATETIME(3) NOT NULL,
  PRIMARY KEY (service, seq, hmac)
) COMMENT = 'append-only';
